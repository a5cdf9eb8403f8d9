import {
  type ClientMessage,
  type CloseCode,
  type ErrorCode,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '@topgun/protocol';
import {
  type AnswerItem,
  type AskItem,
  type ForwardedOps,
  forwardedNumber,
} from '../engine/cluster/forwardedItems.js';
import type { Inlet } from '../engine/cluster/Routes.js';
import { bytesOfRows } from '../engine/cluster/rows.js';
import type { Verdict } from '../engine/ports.js';
import { isPeer, type OtherPeers, type PeerInputs } from '../RequestPeers.js';
import type { Principal } from '../security/PermissionPolicy.js';

type Opening = Extract<AskItem, { ask: 'open' }>;

interface Peer {
  readonly inlet: Inlet;
  /** its number at its gateway */
  readonly there: number;
  readonly sessions: Set<string>;
  principal: Principal;
  readonly seenMs: number | undefined;
  isReady: boolean;
  /** what came before it was let in */
  waiting: ClientMessage[];
  /** the last error that was about all of it */
  error: ErrorCode;
}

export interface ForwardedPeersParts {
  readonly inputs: PeerInputs;
  answer(inlet: Inlet, item: AnswerItem, bytes?: number): void;
  /** Runs something when the engine has returned. */
  readonly defer: (run: () => void) => void;
}

/**
 * The clients of other nodes whose ops this node owns: each a connection of the engine without a socket (CLU-30). Their gateways have
 * checked their tokens and hold them to their rates; what they may write is judged here. They hear answers to their ops and nothing else.
 */
export class ForwardedPeers implements OtherPeers {
  readonly #parts: ForwardedPeersParts;
  readonly #peers = new Map<number, Peer>();
  /** by route and number at the gateway */
  readonly #numbers = new Map<Inlet, Map<number, number>>();
  #last = 0;

  constructor(parts: ForwardedPeersParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** Whom its gateway has let in. */
  verdictOf(conn: number): Verdict | undefined {
    const peer = this.#peers.get(conn);
    return peer && { principal: peer.principal, seenMs: peer.seenMs };
  }

  /** What a gateway says of one of its clients. */
  asked(inlet: Inlet, item: AskItem): void {
    if (item.ask === 'open') return this.#opened(inlet, item);
    const conn = this.#numbers.get(inlet)?.get(item.conn);
    const peer = conn === undefined ? undefined : this.#peers.get(conn);
    // The engine has ended it, and its gateway will hear of that.
    if (conn === undefined || peer === undefined) return;
    if (item.ask === 'close') this.#leave(conn, peer, item.hasLeft);
    else if (item.ask === 'end') {
      peer.sessions.delete(item.session);
      this.#say(conn, peer, { type: 'SESSION_END', session: item.session });
    } else if (item.ask === 'ops')
      this.#say(conn, peer, { ...item.ops, mapVersion: item.version } as ForwardedOps);
  }

  /** Nobody waits for answers on it any more; who is still there comes on the next one. */
  inletLost(inlet: Inlet): void {
    for (const conn of [...(this.#numbers.get(inlet)?.values() ?? [])]) {
      const peer = this.#peers.get(conn);
      if (peer !== undefined) this.#leave(conn, peer, false);
    }
    this.#numbers.delete(inlet);
  }

  /** What the engine says to a connection. */
  heard(conn: number, message: ServerMessage): void {
    const peer = this.#peers.get(conn);
    if (peer === undefined) return;
    if (message.type === 'AUTH_ACK' && !peer.isReady) this.#parts.defer(() => this.#ready(conn, peer));
    const isOfOps =
      message.type === 'OP_ACK' ||
      (message.type === 'ERROR' && message.ref !== undefined && peer.sessions.has(message.ref));
    if (isOfOps) this.#parts.answer(peer.inlet, { say: 'message', conn: peer.there, message });
    else if (message.type === 'ERROR') peer.error = message.code;
  }

  /** The engine has closed it. */
  closed(conn: number, code: CloseCode): void {
    const peer = this.#peers.get(conn);
    if (peer === undefined) return;
    this.#forget(conn, peer);
    this.#parts.answer(peer.inlet, { say: 'closed', conn: peer.there, code, error: peer.error });
  }

  /** NOT_OWNER (CLU-30). */
  bounce(conn: number, session: string, seqs: readonly number[], version: number): void {
    const peer = this.#peers.get(conn);
    if (peer === undefined) return;
    this.#parts.answer(peer.inlet, { say: 'bounced', conn: peer.there, session, seqs, version });
  }

  #opened(inlet: Inlet, { conn: there, clientId, principal, sessions, remote, seenMs }: Opening): void {
    const numbers = this.#numbers.get(inlet) ?? new Map<number, number>();
    this.#numbers.set(inlet, numbers);
    const known = numbers.get(there);
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    // When the token ends, and whether its key is still believed, is the business of its gateway.
    const { expiresAtMs: _, keyId: __, ...rights } = principal;
    if (known === undefined) {
      const conn = forwardedNumber(++this.#last, isPeer(there));
      numbers.set(there, conn);
      this.#peers.set(conn, {
        ...{ inlet, there, seenMs, principal: rights, sessions: new Set(sessions) },
        ...{ isReady: false, waiting: [], error: 'UNAVAILABLE' },
      });
      this.#parts.inputs.opened(conn, remote);
      this.#parts.inputs.message(conn, { type: 'AUTH', versions, clientId, sessions }, 0);
      return;
    }
    const peer = this.#peers.get(known);
    if (peer === undefined) return;
    for (const session of sessions) peer.sessions.add(session);
    peer.principal = rights;
    this.#say(known, peer, { type: 'AUTH', versions, clientId, sessions });
  }

  #say(conn: number, peer: Peer, message: ClientMessage): void {
    const bytes = message.type === 'OPS' ? bytesOfRows(message.rows) : 0;
    if (peer.isReady) this.#parts.inputs.message(conn, message, bytes);
    else peer.waiting.push(message);
  }

  #ready(conn: number, peer: Peer): void {
    if (this.#peers.get(conn) !== peer) return;
    peer.isReady = true;
    const { waiting } = peer;
    peer.waiting = [];
    for (const message of waiting) this.#say(conn, peer, message);
  }

  #leave(conn: number, peer: Peer, hasLeft: boolean): void {
    this.#forget(conn, peer);
    this.#parts.inputs.closed(conn, hasLeft);
  }

  #forget(conn: number, { inlet, there }: Peer): void {
    this.#peers.delete(conn);
    this.#numbers.get(inlet)?.delete(there);
  }
}
