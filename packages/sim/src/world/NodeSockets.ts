import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { decode, encode } from '@topgun/protocol';
import type { ServerEngine } from '@topgun/server/engine';
import type { Link, SimNetwork } from './SimNetwork.js';

/** Sees every message that came in, and every one before it leaves. */
export interface SocketWorld {
  readonly network: SimNetwork;
  onReceived(message: ClientMessage, bytes: Uint8Array, isAuthenticated: boolean, link: number): void;
  onSend(message: ServerMessage, bytes: Uint8Array, isAuthenticated: boolean, link: number): void;
}

export interface SocketsParts {
  readonly world: SocketWorld;
  /** An input of the engine, unless the server is gone; a tick follows. */
  readonly input: (run: (engine: ServerEngine, now: number) => void) => void;
  /** The wire profile of a socket. */
  readonly profileOf: (conn: number) => 'client' | 'preauth';
  /** What was said to a socket in one turn leaves as one message (RES-6). */
  readonly sendTurn: (link: Link, frames: readonly Uint8Array[]) => void;
}

/** Frames of one turn for one socket. */
interface Turn {
  /** Answers to ops that go ahead of all else. */
  readonly answers: Uint8Array[];
  readonly others: Uint8Array[];
}

/** The sockets of one life of a server. */
export class NodeSockets {
  readonly #parts: SocketsParts;
  readonly #links = new Map<number, Link>();
  readonly #authenticated = new Set<number>();
  /** Frames of this turn, by socket. */
  readonly #turns = new Map<number, Turn>();

  constructor(parts: SocketsParts) {
    this.#parts = parts;
  }

  accept(link: Link): void {
    const { world, input, profileOf } = this.#parts;
    this.#links.set(link.id, link);
    link.attach('server', {
      frame: (bytes) => {
        if (!this.#links.has(link.id)) return;
        input((engine, now) => {
          const decoded = decode(bytes, profileOf(link.id));
          if (decoded.ok) {
            // Decoded by the profile of clients.
            const message = decoded.message as ClientMessage;
            world.onReceived(message, bytes, this.#authenticated.has(link.id), link.id);
            engine.message(link.id, message, now);
          } else engine.refused(link.id, decoded.code, decoded.path, now);
        });
      },
      closed: () => this.#gone(link.id),
    });
    input((engine, now) => engine.opened(link.id, { remote: `link-${link.id}` }, now));
  }

  isAuthenticated(conn: number): boolean {
    return this.#authenticated.has(conn);
  }

  send(conn: number, message: ServerMessage, bytes = encode(message)): void {
    const { world } = this.#parts;
    const link = this.#links.get(conn);
    if (link === undefined) return;
    if (message.type === 'AUTH_ACK') this.#authenticated.add(conn);
    world.onSend(message, bytes, this.#authenticated.has(conn), conn);
    const turn = this.#turns.get(conn) ?? { answers: [], others: [] };
    this.#turns.set(conn, turn);
    const takesOtherWay = message.type === 'OP_ACK' && world.network.faults.changesLateMs > 0;
    // The encoder uses its buffer again.
    (takesOtherWay ? turn.answers : turn.others).push(bytes.slice());
  }

  sendShared(conns: readonly number[], message: ServerMessage): void {
    const bytes = encode(message);
    for (const conn of conns) this.send(conn, message, bytes);
  }

  close(conn: number, code: number): void {
    this.#flush(conn);
    const link = this.#links.get(conn);
    this.#links.delete(conn);
    this.#authenticated.delete(conn);
    link?.close('server', code);
  }

  /** The end of a turn: what it said leaves. */
  flush(): void {
    for (const conn of [...this.#turns.keys()]) this.#flush(conn);
  }

  /** Every socket breaks. */
  reset(): void {
    for (const link of [...this.#links.values()]) link.reset();
  }

  /** The process is gone. */
  abandon(): void {
    for (const link of [...this.#links.values()]) link.abandon('server');
    this.#links.clear();
  }

  #gone(conn: number): void {
    if (!this.#links.has(conn)) return;
    this.#parts.input((engine, now) => {
      if (!this.#links.delete(conn)) return;
      this.#authenticated.delete(conn);
      engine.closed(conn, now);
    });
  }

  #flush(conn: number): void {
    const turn = this.#turns.get(conn);
    this.#turns.delete(conn);
    const link = this.#links.get(conn);
    if (turn === undefined || link === undefined) return;
    if (turn.answers.length > 0) link.sendAhead(joined(turn.answers));
    if (turn.others.length > 0) this.#parts.sendTurn(link, turn.others);
  }
}

/** Frames as one message. */
export function joined(frames: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(frames.reduce((bytes, { length }) => bytes + length, 0));
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}
