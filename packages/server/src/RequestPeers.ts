import {
  type ClientMessage,
  type CloseCode,
  type ErrorCode,
  type ErrorMessage,
  LIMITS,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '@topgun/protocol';
import { isForwarded } from './engine/cluster/forwardedItems.js';
import type { Verdict } from './engine/ports.js';
import type { Principal } from './security/PermissionPolicy.js';

/** Numbers of connections without a socket lie below 0. */
export const isPeer = (conn: number): boolean => conn < 0;

/** What a peer does to the engine; each as the same of a socket. */
export interface PeerInputs {
  opened(conn: number, remote: string): void;
  message(conn: number, message: ClientMessage, bytes: number): void;
  closed(conn: number, hasLeft: boolean): void;
}

/** Connections without a socket that are no requests; each call as that of `RequestPeers`. */
export interface OtherPeers {
  verdictOf(conn: number): Verdict | undefined;
  heard(conn: number, message: ServerMessage): void;
  closed(conn: number, code: CloseCode): void;
}

/** Whom a request is from. */
export interface PeerIdentity {
  readonly principal: Principal;
  readonly remote: string;
  readonly clientId: string;
  /** that its ops belong to; none for one that reads */
  readonly session?: string;
}

/** The engine said no, or is not there (any more). */
export class PeerRefusal extends Error {
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, { path, retryAfterMs }: Partial<ErrorMessage> = {}) {
    super(code);
    this.code = code;
    this.path = path;
    this.retryAfterMs = retryAfterMs;
  }
}

/** When somebody whom the server cannot serve now may come again. */
const RETRY_MS = 1_000;

/** Takes what is said; what it returns, unless undefined, is the answer that was waited for. It throws what makes waiting vain. */
type Take<T> = (message: ServerMessage) => T | undefined;

interface Pending {
  take(message: ServerMessage): void;
  reject(error: PeerRefusal): void;
}

/** A connection to the engine without a socket: what one request says, and what it is told (REC-1). */
export class RequestPeer {
  readonly conn: number;
  readonly identity: PeerIdentity;
  readonly #inputs: PeerInputs;
  #pending: Pending | undefined;
  #ended: PeerRefusal | undefined;

  constructor(conn: number, identity: PeerIdentity, inputs: PeerInputs) {
    this.conn = conn;
    this.identity = identity;
    this.#inputs = inputs;
  }

  /** Says something that is answered; one at a time. Throws PeerRefusal. */
  ask<T>(message: ClientMessage, bytes: number, take: Take<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#pending = {
        reject,
        take: (answer) => {
          const taken = take(answer);
          if (taken === undefined) return;
          this.#pending = undefined;
          resolve(taken);
        },
      };
      this.say(message, bytes);
    });
  }

  /** Says something that is not answered. */
  say(message: ClientMessage, bytes = 0): void {
    if (this.#ended === undefined) this.#inputs.message(this.conn, message, bytes);
  }

  /** What the engine says. An error that names the session is about single ops, and they are answered each. */
  heard(message: ServerMessage): void {
    const isForAll =
      message.type === 'ERROR' && (message.ref === undefined || message.ref !== this.identity.session);
    if (isForAll) return this.ended(new PeerRefusal(message.code, message));
    try {
      this.#pending?.take(message);
    } catch (error) {
      if (!(error instanceof PeerRefusal)) throw error;
      this.ended(error);
    }
  }

  /** Nothing more comes. The first reason counts. */
  ended(why = new PeerRefusal('UNAVAILABLE', { retryAfterMs: RETRY_MS })): void {
    this.#ended ??= why;
    this.#pending?.reject(this.#ended);
    this.#pending = undefined;
  }
}

/** The requests that the engine serves at the moment, each as a connection of its own. */
export class RequestPeers {
  /** clients of other nodes whose ops come here; of a cluster */
  forwarded: OtherPeers | undefined;
  readonly #inputs: PeerInputs;
  readonly #peers = new Map<number, RequestPeer>();
  #last = 0;
  #isStopped = false;

  constructor(inputs: PeerInputs) {
    this.#inputs = inputs;
  }

  /** Lets a request in, and out when `use` is done. It has `recordAnswerMs`. Throws PeerRefusal and what `use` throws. */
  async serve<T>(
    identity: PeerIdentity,
    use: (peer: RequestPeer, incarnation: string) => Promise<T>,
  ): Promise<T> {
    const peer = new RequestPeer(--this.#last, identity, this.#inputs);
    if (this.#isStopped) throw new PeerRefusal('UNAVAILABLE', { retryAfterMs: RETRY_MS });
    const { conn } = peer;
    this.#peers.set(conn, peer);
    const late = setTimeout(() => peer.ended(), LIMITS.recordAnswerMs);
    try {
      this.#inputs.opened(conn, identity.remote);
      return await use(peer, await enter(peer));
    } finally {
      clearTimeout(late);
      peer.ended();
      // Unless the engine has closed it.
      if (this.#peers.delete(conn)) this.#inputs.closed(conn, true);
    }
  }

  /** What is known of who is at the other end; undefined of sockets. */
  verdictOf(conn: number): Verdict | undefined {
    if (isForwarded(conn)) return this.forwarded?.verdictOf(conn);
    const principal = this.#peers.get(conn)?.identity.principal;
    return principal && { principal };
  }

  heard(conn: number, message: ServerMessage): void {
    if (isForwarded(conn)) this.forwarded?.heard(conn, message);
    else this.#peers.get(conn)?.heard(message);
  }

  /** The engine has closed it. */
  closed(conn: number, code: CloseCode): void {
    if (isForwarded(conn)) this.forwarded?.closed(conn, code);
    else this.#end(conn);
  }

  #end(conn: number): void {
    const peer = this.#peers.get(conn);
    this.#peers.delete(conn);
    peer?.ended();
  }

  stop(): void {
    this.#isStopped = true;
    for (const conn of [...this.#peers.keys()]) this.#end(conn);
  }
}

/** Signs in; resolves with the incarnation. */
function enter(peer: RequestPeer): Promise<string> {
  const { clientId, session } = peer.identity;
  const sessions = session === undefined ? [] : [session];
  const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
  return peer.ask({ type: 'AUTH', versions, clientId, sessions }, 0, (message) => {
    // The session was not taken.
    if (message.type === 'ERROR') throw new PeerRefusal(message.code, { retryAfterMs: RETRY_MS });
    return message.type === 'AUTH_ACK' ? message.incarnation : undefined;
  });
}
