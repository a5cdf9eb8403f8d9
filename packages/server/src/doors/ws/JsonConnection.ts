import type { Duplex } from 'node:stream';
import { LIMITS } from '@topgun/protocol';
import type { WebSocket } from 'ws';
import type { Visit } from '../../interceptors/Guests.js';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { Position, SharedMessage, Subscriber, SubscriptionEnd } from '../../topics/ports.js';
import type { Seat as HandshakeSeat } from '../../transport/HandshakeGuard.js';
import type { SlowLimit } from '../../transport/OutQueues.js';
import type { Wheeled } from '../../utils/TimerWheel.js';
import type { Seat } from '../ConnectionQuota.js';
import { JsonSocket } from './JsonSocket.js';
import type { User } from './Users.js';

/** A topic of one connection. It stays in `places` as long as it is joined. */
export interface Place {
  readonly topic: string;
  /** of the last message it was sent */
  epoch: string;
  offset: number;
  isJoined: boolean;
  /** its messages are nowhere to be had later */
  isLossy: boolean;
  /** what is being done about it; what comes next waits for it */
  tail: Promise<void> | undefined;
}

/** What a connection tells its door. */
export interface ConnectionOwner {
  received(conn: JsonConnection, data: Buffer, isBinary: boolean): void;
  /** it has answered a ping */
  heard(conn: JsonConnection): void;
  /** a frame larger than may be; the connection ends by itself */
  tooLarge(): void;
  /** `hasLeft`: its client closed it, and wanted to */
  gone(conn: JsonConnection, hasLeft: boolean): void;
  deliver(conn: JsonConnection, shared: SharedMessage): void;
  lost(conn: JsonConnection, topic: string): void;
  ended(conn: JsonConnection, topic: string, why: SubscriptionEnd): void;
  tooSlow(conn: JsonConnection, limit: SlowLimit): void;
}

/** What is kept of one whose token has not come yet, or is being judged. */
export interface Stranger {
  /** its place among the strangers */
  readonly seat: HandshakeSeat;
  readonly resume: ReadonlyMap<string, Position>;
  /** what came behind the token: few bytes, for a stranger may send no more */
  readonly held: (readonly [data: Buffer, isBinary: boolean])[];
}

export type Phase = 'STRANGER' | 'VERIFYING' | 'READY' | 'CLOSING' | 'GONE';

/** One connection: data, and no functions of its own, for there are very many (WSJ-41). Times are of a clock that does not go back, ms. */
export class JsonConnection implements Subscriber, Wheeled {
  // What every delivery looks at comes first, and lies together in memory: with many connections each line of it has to be fetched.
  readonly owner: ConnectionOwner;
  readonly out: JsonSocket;
  phase: Phase = 'STRANGER';
  /** it is to be closed when whoever writes to it has done */
  isSlow = false;
  #lastPlace: Place | undefined;
  /** it said something, or was sent a message */
  activeAtMs: number;
  readonly id: string;
  readonly remote: string;
  readonly openedAtMs: number;
  wheelSlot = -1;
  /** set once it is READY */
  user: User | undefined;
  /** of the quota */
  seat: Seat | undefined;
  /** whom its end is told */
  visit: Pick<Visit, 'left'> | undefined;
  tenant: string | undefined;
  readonly places = new Map<string, Place>();
  /** anything came from it, a pong too */
  heardAtMs: number;
  pingedAtMs: number;
  /** when it is closed for its age, or cut when it does not answer its close; 0: not for that */
  endsAtMs = 0;
  /** wall clock, ms: when it is asked for another token, and when its own ends; 0: never */
  askAtWallMs = 0;
  tokenEndsAtWallMs = 0;
  /** messages that wait to be accepted */
  pending = 0;
  /** until it is known who it is */
  stranger: Stranger | undefined;
  /** frames refused as RATE since `strikesSinceMs` */
  strikes = 0;
  strikesSinceMs = 0;
  #principal: Principal | undefined;

  constructor(
    id: string,
    remote: string,
    socket: WebSocket,
    stream: Duplex,
    owner: ConnectionOwner,
    nowMs: number,
  ) {
    this.id = id;
    this.remote = remote;
    this.owner = owner;
    this.out = new JsonSocket(socket, stream, this);
    this.openedAtMs = nowMs;
    this.heardAtMs = nowMs;
    this.activeAtMs = nowMs;
    this.pingedAtMs = nowMs;
  }

  get principal(): Principal {
    // Nothing but `auth` is handled before; going on would ask for a nobody, to whom role '*' applies.
    if (this.#principal === undefined)
      throw new Error('A connection was asked for its principal before it was authenticated.');
    return this.#principal;
  }

  set principal(principal: Principal) {
    this.#principal = principal;
  }

  /** The place of a topic that brings a message; mostly it is that of the message before, and need not be looked for. */
  placeOf(topic: string): Place | undefined {
    const last = this.#lastPlace;
    if (last?.topic === topic && last.isJoined) return last;
    this.#lastPlace = this.places.get(topic);
    return this.#lastPlace;
  }

  get isKnown(): boolean {
    return this.#principal !== undefined;
  }

  deliver(shared: SharedMessage): void {
    this.owner.deliver(this, shared);
  }

  ready(): Promise<void> | undefined {
    const isFull = this.phase === 'READY' && this.out.unsentBytes > LIMITS.wsSoftBytes;
    return isFull ? this.out.drained() : undefined;
  }

  lost(topic: string): void {
    this.owner.lost(this, topic);
  }

  ended(topic: string, why: SubscriptionEnd): void {
    this.owner.ended(this, topic, why);
  }

  tooSlow(limit: SlowLimit): void {
    this.owner.tooSlow(this, limit);
  }
}
