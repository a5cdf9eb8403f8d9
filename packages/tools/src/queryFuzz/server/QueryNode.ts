import { packTime } from '@topgun/core';
import {
  type ClientMessage,
  CONCERN,
  decode,
  encode,
  type MessageOf,
  type MessageType,
  OP,
  type OpRow,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '@topgun/protocol';
import {
  type CommitBatch,
  cursorMac,
  type Policy,
  type Principal,
  ServerEngine,
} from '@topgun/server/engine';
import { type Change, MAP } from '../Case.js';

const NOW = 1_800_000_000_000;
const INCARNATION = 'life-1';
const WRITER: Policy = { role: 'writer', map: '**', actions: ['PUT', 'REMOVE'] };
/** More turns than a batch of writes and its answers ever take. */
const TURNS_MAX = 1_000;

/**
 * The shipped engine of a server, whose store takes every commit at once. Every message passes the shipped codec both ways, as it would
 * over a socket.
 */
export class QueryNode {
  readonly #engine: ServerEngine;
  readonly #received = new Map<number, ServerMessage[]>();
  readonly #commits: number[] = [];
  readonly #verifying: number[] = [];
  readonly #timers = new Set<string>();
  readonly #writer: number;
  #stamps = 0;
  #ops = 0;
  #turnsBusy = 0;

  constructor(policies: readonly Policy[]) {
    this.#engine = new ServerEngine(
      {
        nodeId: 'node-1',
        boot: { incarnation: INCARNATION, partitions: new Map(), gc: new Map(), meta: new Map() },
        policies: [...policies, WRITER],
        random: () => 2 ** 31,
        mac: cursorMac,
        now: NOW,
        limits: { flushDelayMs: 0 },
      },
      {
        send: (conn, message) => this.#deliver([conn], message),
        sendShared: (conns, message) => this.#deliver(conns, message),
        close: (conn, code) => {
          throw new Error(`The server closed connection ${conn} with ${code}.`);
        },
        verify: (conn) => this.#verifying.push(conn),
        commit: (id: number, _: CommitBatch) => this.#commits.push(id),
        readDedup: () => {
          throw new Error('No commit of this store is ever unknown.');
        },
        renew: () => undefined,
        arm: (timer) => this.#timers.add(timer),
        cancel: (timer) => this.#timers.delete(timer),
      },
    );
    this.#engine.load([], []);
    this.#writer = this.connect({ sub: 'writer', roles: ['writer'], claims: {} });
  }

  /** A new connection of somebody; its number. */
  connect(principal: Principal): number {
    const conn = this.#received.size + 1;
    this.#received.set(conn, []);
    this.#engine.opened(conn, { remote: 'fuzz' }, NOW);
    const clientId = `client-${conn}`.padEnd(22, '_');
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    this.#pass(
      conn,
      { type: 'AUTH', versions, clientId, sessions: [sessionOf(conn)], token: 'token' },
      'preauth',
    );
    for (const asking of this.#verifying.splice(0)) this.#engine.verified(asking, { principal }, NOW);
    this.settle();
    return conn;
  }

  send(conn: number, message: ClientMessage): void {
    this.#pass(conn, message, 'client');
    this.settle();
  }

  /** One frame with all changes, and its commit. */
  write(changes: readonly Change[]): void {
    const rows = changes.map(([key, value]): OpRow => {
      const code = value === undefined ? OP.REMOVE : OP.PUT;
      return [++this.#ops, code, 0, key, packTime(NOW, this.#stamps++), null, value ?? null];
    });
    this.send(this.#writer, {
      type: 'OPS',
      session: sessionOf(this.#writer),
      settledBelow: 0,
      incarnation: INCARNATION,
      concern: CONCERN.PERSISTED,
      maps: [MAP],
      rows,
    });
    const refused = this.take(this.#writer, 'OP_ACK').flatMap(({ ex }) => ex ?? []);
    if (refused.length > 0) throw new Error(`The server refused a write: ${JSON.stringify(refused)}`);
  }

  /** The messages of a type, of one query if named, that a connection got and that were not taken yet. */
  take<T extends MessageType>(conn: number, type: T, query?: string): MessageOf<T>[] {
    const all = this.#received.get(conn) ?? [];
    const isMeant = (message: ServerMessage): message is MessageOf<T> & ServerMessage =>
      message.type === type && (query === undefined || ('query' in message && message.query === query));
    this.#received.set(
      conn,
      all.filter((message) => !isMeant(message)),
    );
    return all.filter(isMeant);
  }

  /** Turns until nothing more comes of what was sent. */
  settle(): void {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      this.#turnsBusy = 0;
      this.#engine.tick(NOW);
      for (const id of this.#commits.splice(0)) {
        this.#turnsBusy++;
        this.#engine.committed(id, 'committed', NOW);
      }
      if (this.#turnsBusy === 0) return;
    }
    throw new Error('The server does not come to rest.');
  }

  #pass(conn: number, message: ClientMessage, profile: 'preauth' | 'client'): void {
    const decoded = decode(encode(message), profile);
    if (!decoded.ok) throw new Error(`The codec refused ${message.type}: ${decoded.code} at ${decoded.path}`);
    this.#engine.message(conn, decoded.message as ClientMessage, NOW);
  }

  #deliver(conns: readonly number[], message: ServerMessage): void {
    this.#turnsBusy++;
    const bytes = encode(message);
    for (const conn of conns) {
      const decoded = decode(bytes, 'server');
      if (!decoded.ok)
        throw new Error(`The codec refused ${message.type}: ${decoded.code} at ${decoded.path}`);
      this.#received.get(conn)?.push(decoded.message as ServerMessage);
    }
  }
}

const sessionOf = (conn: number): string => `sess-${conn}`.padEnd(11, '_');
