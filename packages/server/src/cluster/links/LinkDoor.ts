import type { Socket } from 'node:net';
import { CLOSE_CODE, LIMITS } from '@topgun/protocol';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Seat } from '../../transport/HandshakeGuard.js';
import { limitStranger } from '../../transport/limitStranger.js';
import { type Handshake, refuseBroken, type UpgradeDoor } from '../../transport/Upgrades.js';
import type { Greeted, Greeting } from './Greeting.js';
import type { LinkEnd, LinkRefusal, LinkRole } from './handshake.js';

/** A socket that a link may run on. */
export interface LinkSocket {
  readonly socket: WebSocket;
  readonly stream: Socket;
}

/** Bounds of every socket that is or may become a link. What strangers may send is bounded besides. */
export const LINK_SOCKET = {
  perMessageDeflate: false,
  maxPayload: LIMITS.linkQueueBytes,
  /** ms: for an answer to a good-bye */
  closeTimeout: LIMITS.linkSilenceMs,
} as const;

const CODES: Readonly<Record<LinkRefusal, number>> = {
  malformed: CLOSE_CODE.BAD_FRAME,
  secret: CLOSE_CODE.AUTH,
  name: CLOSE_CODE.AUTH,
  version: CLOSE_CODE.VERSION,
  late: CLOSE_CODE.TRY_LATER,
};

/** Why the other side has closed a socket that was no link yet; undefined: it did not say, or it has a link already. */
export function refusalOf(code: number): LinkRefusal | undefined {
  if (code === CLOSE_CODE.AUTH) return 'secret';
  if (code === CLOSE_CODE.VERSION) return 'version';
  return undefined;
}

/** What becomes of a socket on which two nodes greet each other. */
export interface GreetingEvents {
  /** Both know each other. Answers whether it becomes a link; then it is the callee's, once `begin` is called. */
  known(other: LinkEnd): boolean;
  begin(other: LinkEnd): void;
  refused(why: LinkRefusal): void;
  /** closed before it came to anything */
  closed(code: number): void;
}

/** A socket on which two nodes greet each other. */
export class GreetingSocket {
  readonly sinceMs: number;
  readonly #way: LinkSocket;
  readonly #greeting: Greeting;
  readonly #events: GreetingEvents;
  #isOver = false;

  constructor(way: LinkSocket, greeting: Greeting, sinceMs: number, events: GreetingEvents) {
    this.sinceMs = sinceMs;
    this.#way = way;
    this.#greeting = greeting;
    this.#events = events;
    const { socket, stream } = way;
    limitStranger(
      stream,
      () => this.#isOver,
      () => this.refuse('malformed'),
    );
    socket.on('message', this.#take);
    socket.once('close', (code) => {
      if (this.#over()) events.closed(code);
    });
    const first = greeting.first();
    if (first !== undefined) socket.send(first);
  }

  refuse(why: LinkRefusal): void {
    if (!this.#over()) return;
    this.#way.socket.close(CODES[why]);
    this.#events.refused(why);
  }

  /** This node stops. */
  cut(): void {
    this.#over();
    this.#way.socket.terminate();
  }

  readonly #take = (data: RawData, isBinary: boolean): void => {
    const greeted: Greeted = isBinary
      ? this.#greeting.take(data as Buffer)
      : { name: 'refused', why: 'malformed' };
    if (greeted.name === 'refused') return this.refuse(greeted.why);
    const { socket } = this.#way;
    if (greeted.name === 'more') return socket.send(greeted.reply);
    if (!this.#over()) return;
    if (!this.#events.known(greeted.other)) {
      socket.close(CLOSE_CODE.REPLACED);
      return this.#events.closed(CLOSE_CODE.REPLACED);
    }
    if (greeted.reply !== undefined) socket.send(greeted.reply);
    this.#events.begin(greeted.other);
  };

  /** False when it was over before. */
  #over(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#way.socket.off('message', this.#take);
    return true;
  }
}

export interface LinkDoorParts {
  readonly greet: (way: LinkSocket, role: LinkRole, onKnown: () => void) => void;
  readonly isOpen: () => boolean;
}

/**
 * The door of other nodes, `/cluster` on the port of clients. It is open as long as links are, also while no client is let in, and it has room of its
 * own for strangers: a crowd of clients never keeps a node out.
 */
export class LinkDoor implements UpgradeDoor {
  readonly #parts: LinkDoorParts;
  readonly #server: WebSocketServer;
  #strangers = 0;

  constructor(parts: LinkDoorParts) {
    this.#parts = parts;
    this.#server = new WebSocketServer({ noServer: true, clientTracking: false, ...LINK_SOCKET });
    this.#server.on('wsClientError', refuseBroken);
  }

  admit(): Seat | 503 {
    if (!this.#parts.isOpen() || this.#strangers >= LIMITS.linkStrangers) return 503;
    this.#strangers++;
    let isStranger = true;
    const authenticated = (): void => {
      if (isStranger) this.#strangers--;
      isStranger = false;
    };
    return { authenticated, leave: authenticated };
  }

  upgrade({ request, stream, head, seat }: Handshake): void {
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      socket.on('error', ignore);
      this.#parts.greet({ socket, stream: request.socket }, 'listener', seat.authenticated);
    });
  }
}

/** `close` follows, and tells. */
export const ignore = (): void => undefined;
