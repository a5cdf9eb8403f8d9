import { type ClientMessage, LIMITS, type MessageType } from '@topgun/protocol';
import { Account } from './Account.js';
import type { Connection } from './Connection.js';
import { isForwarded } from './cluster/forwardedItems.js';
import type { EngineLimits } from './EngineLimits.js';
import { type ErrorDetails, errorMessage, topicRef } from './errorMessage.js';
import type { ServerEffects } from './ports.js';
import type { Tally } from './Tally.js';
import { TokenBucket } from './TokenBucket.js';

const SECOND_MS = 1000;
/** Waits are longer than needed by up to this share, by chance: what was refused together does not come back together. */
const JITTER = 0.25;

export interface AccountsParts {
  readonly effects: ServerEffects;
  readonly limits: EngineLimits;
  readonly tally: Tally;
  /** 32 random bits per call */
  readonly random: () => number;
  /** A connection goes on and on sending what is refused. */
  readonly onAbuse: (conn: Connection) => void;
}

interface Member {
  readonly account: Account;
  /** how many messages may still be refused; made with the first */
  patience: TokenBucket | undefined;
}

/** Messages that give something up, renew it or answer, or that nobody would send again: carried out at any rate, and counted (LMT-4). */
const ALWAYS: ReadonlySet<MessageType> = new Set<MessageType>([
  'AUTH',
  'SESSIONS',
  'SESSION_END',
  'SYNC_END',
  'QUERY_UNSUB',
  'TOPIC_UNSUB',
  'PONG',
  // Once per connection; without it the client would go by an old map.
  'CLUSTER_SUB',
]);

/** Who is connected how often, and who sends how much: the rates of principals (LMT-3 to LMT-6). */
export class Accounts {
  readonly #parts: AccountsParts;
  readonly #bySub = new Map<string, Account>();
  readonly #byConn = new Map<Connection, Member>();

  constructor(parts: AccountsParts) {
    this.#parts = parts;
  }

  /** Counts a connection in; false when its principal has as many as it may. */
  enter(conn: Connection, sub: string): boolean {
    const { limits, tally } = this.#parts;
    const account = this.#bySub.get(sub) ?? new Account(sub, limits, tally);
    // Its gateway counts it, and holds it to its rates. Here it may begin so many maps.
    const isGuest = isForwarded(conn.id);
    if (!isGuest && account.connections.size >= limits.connectionsPerPrincipal) {
      tally.hit('connectionsPerPrincipal');
      return false;
    }
    this.#bySub.set(sub, account);
    if (!isGuest) account.connections.add(conn);
    this.#byConn.set(conn, { account, patience: undefined });
    return true;
  }

  /** The account of a connection that was counted in and has not left. */
  of(conn: Connection): Account | undefined {
    return this.#byConn.get(conn)?.account;
  }

  leave(conn: Connection): void {
    this.of(conn)?.connections.delete(conn);
    this.#byConn.delete(conn);
  }

  /** Whether a message may be carried out; if not it has been answered. */
  admits(conn: Connection, message: ClientMessage, bytes: number, now: number): boolean {
    const member = this.#byConn.get(conn);
    if (member === undefined || isForwarded(conn.id)) return true;
    const { account } = member;
    if (message.type !== 'PING' && message.type !== 'PONG') conn.actedAtMs = now;
    const waitMs = account.ops.waitMs(now) || account.bytes.waitMs(now);
    if (waitMs === 0) {
      account.ops.spend(message.type === 'OPS' ? message.rows.length : 1);
      account.bytes.spend(bytes);
      return true;
    }
    const isFree = ALWAYS.has(message.type);
    if (!isFree) this.#refuse(conn, message, waitMs);
    return this.#isPatient(conn, member, now) && isFree;
  }

  /** Forgets principals that have gone and owe nothing. */
  sweep(now: number): void {
    for (const [sub, account] of this.#bySub) if (account.isSpare(now)) this.#bySub.delete(sub);
  }

  #refuse(conn: Connection, message: ClientMessage, waitMs: number): void {
    const { effects, tally, random } = this.#parts;
    tally.refuse('RATE');
    const retryAfterMs = Math.ceil(waitMs * (1 + (JITTER * random()) / 2 ** 32));
    effects.send(conn.id, errorMessage('RATE', { ...askedBy(message), retryAfterMs }));
  }

  /** Whether a connection may have one more message refused; if not it is over (LMT-5). */
  #isPatient(conn: Connection, member: Member, now: number): boolean {
    const seconds = LIMITS.strikeWindowMs / SECOND_MS;
    member.patience ??= new TokenBucket({ perSecond: LIMITS.rateStrikes / seconds, burstSeconds: seconds });
    if (member.patience.take(1, now) === 0) return true;
    this.#parts.tally.hit('rateStrikes');
    this.#parts.onAbuse(conn);
    return false;
  }
}

/** How an answer names what a message asked for. */
function askedBy(message: ClientMessage): ErrorDetails {
  switch (message.type) {
    case 'SYNC_INIT':
      return { req: message.req, ref: message.map };
    case 'MERKLE_REQ':
    case 'ROWS_REQ':
      return { req: message.req, ref: message.query ?? message.map };
    case 'QUERY_SUB':
      return { ref: message.query };
    case 'TOPIC_SUB':
    case 'TOPIC_PUB':
      return { ref: topicRef(message.topic) };
    default:
      return {};
  }
}
