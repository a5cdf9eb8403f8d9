import type { IndexSpec } from '@topgun/core';
import { type ClientMessage, decode, encode, type ServerMessage } from '@topgun/protocol';
import { cursorMac, type Policy, type Principal, ServerEngine } from '@topgun/server/engine';
import { PORTS } from '../ports.js';

export const INCARNATION = 'life-1';
export const WRITER: Principal = { sub: 'writer', roles: ['writer'], claims: {} };

/** Whoever may read may write too, so that the cases are about reading. */
const WRITES: readonly Policy[] = ['writer', 'user'].map((role) => ({
  role,
  map: '**',
  actions: ['PUT', 'REMOVE'],
}));
/** More turns than a batch of writes and its answers ever take. */
const TURNS_MAX = 1_000;

/** Rows that one slice takes into the indexes: few, so that changes come before, during and after a build. */
const INDEX_ROWS = 3;
/** The pause between two slices, and what else waits no longer: until something new is begun. */
const SOON_MS = 5;

/** The other end of a socket. */
interface Peer {
  readonly principal: Principal;
  readonly receive: (turn: Uint8Array) => void;
  isAuthenticated: boolean;
  /** Frames of this turn. */
  out: Uint8Array[];
}

/**
 * The shipped engine of a server, whose store takes every commit at once, with the peers that are connected to it. All that passes
 * between them are frames of the shipped codec.
 */
export class QueryNode {
  /** Time of the server and of its peers, ms since the epoch. It moves when somebody writes, so that later writes are later. */
  now = 1_800_000_000_000;
  readonly #engine: ServerEngine;
  readonly #peers = new Map<number, Peer>();
  /** What peers will do next, in order. */
  readonly #tasks: (() => void)[] = [];
  /** What is done the next time that something is begun. */
  readonly #next: (() => void)[] = [];
  #conns = 0;

  /** Every map has the indexes, which are built little by little. */
  constructor(policies: readonly Policy[], indexes: readonly IndexSpec[] = []) {
    this.#engine = new ServerEngine(
      {
        nodeId: 'node-1',
        boot: { incarnation: INCARNATION, partitions: new Map(), gc: new Map(), meta: new Map() },
        policies: [...policies, ...WRITES],
        random: () => 2 ** 31,
        mac: cursorMac,
        now: this.now,
        indexesOf: () => indexes,
        queryPorts: PORTS,
        limits: { flushDelayMs: 0, indexRows: INDEX_ROWS },
      },
      {
        send: (conn, message) => this.#send([conn], message),
        sendShared: (conns, message) => this.#send(conns, message),
        close: (conn, code) => {
          throw new Error(`The server closed connection ${conn} with ${code}.`);
        },
        verify: (conn) =>
          this.soon(() => this.#engine.verified(conn, { principal: this.#peer(conn).principal }, this.now)),
        commit: (id) => this.soon(() => this.#engine.committed(id, 'committed', this.now)),
        readDedup: () => {
          throw new Error('No commit of this store is ever unknown.');
        },
        renew: () => undefined,
        arm: (timer, delayMs) => {
          if (delayMs <= SOON_MS) this.#next.push(() => this.#engine.timer(timer, this.now));
        },
        cancel: () => undefined,
      },
    );
    this.#engine.load([], []);
  }

  /** Opens a socket for somebody; its number. Frames of one turn come joined. */
  open(principal: Principal, receive: (turn: Uint8Array) => void): number {
    const conn = ++this.#conns;
    this.#peers.set(conn, { principal, receive, isAuthenticated: false, out: [] });
    this.#engine.opened(conn, { remote: 'fuzz' }, this.now);
    return conn;
  }

  /** A frame from a socket. */
  receive(conn: number, frame: Uint8Array): void {
    const decoded = decode(frame, this.#peer(conn).isAuthenticated ? 'client' : 'preauth');
    if (!decoded.ok) throw new Error(`The server refused a frame: ${decoded.code} at ${decoded.path}`);
    this.#engine.message(conn, decoded.message as ClientMessage, this.now);
  }

  /** Does this when it is its turn. */
  soon(task: () => void): void {
    this.#tasks.push(task);
  }

  /** Turns until nothing more comes of what was begun. */
  settle(): void {
    this.#tasks.push(...this.#next.splice(0));
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      for (const task of this.#tasks.splice(0)) task();
      this.#engine.tick(this.now);
      for (const peer of this.#peers.values()) {
        if (peer.out.length === 0) continue;
        const joined = Buffer.concat(peer.out.splice(0));
        this.soon(() => peer.receive(joined));
      }
      if (this.#tasks.length === 0) return;
    }
    throw new Error('The server and its peers do not come to rest.');
  }

  #peer(conn: number): Peer {
    const peer = this.#peers.get(conn);
    if (peer === undefined) throw new Error(`There is no connection ${conn}.`);
    return peer;
  }

  #send(conns: readonly number[], message: ServerMessage): void {
    // The encoder uses its buffer again.
    const frame = encode(message).slice();
    for (const conn of conns) {
      const peer = this.#peer(conn);
      if (message.type === 'AUTH_ACK') peer.isAuthenticated = true;
      peer.out.push(frame);
    }
  }
}
