import { partitionOf } from '@topgun/core';
import { type ClientMessage, decode, encode, type ServerMessage } from '@topgun/protocol';
import {
  type CommitBatch,
  cursorMac,
  type DedupRow,
  type EngineLimits,
  type GcMarks,
  type Offset,
  type Policy,
  type Principal,
  Resolvers,
  type ServerEffects,
  ServerEngine,
  type StoreBoot,
  type StoredRecord,
} from '@topgun/server/engine';
import { PartitionState } from '@topgun/server/internal/storage/PartitionState';
import { FrameJudge } from '@topgun/sim/internal/oracle/FrameJudge';
import { KnownData } from '@topgun/sim/internal/oracle/KnownData';
import { outletsOf } from '@topgun/sim/internal/oracle/outlets';
import { type Person, Viewer } from '@topgun/sim/internal/oracle/Viewer';
import { Leak } from './Leak.js';
import { count, type Tally } from './Tally.js';
import { RULES, VOLATILE } from './world.js';

/** Small, so that few rows fill frames, make paths of walks, and are forgotten soon. */
const LIMITS: Partial<EngineLimits> = {
  flushDelayMs: 0,
  merkleItems: 1,
  frameBytes: 4_000,
  smallResultBytes: 400,
  cursorEveryChanges: 10,
  cursorEveryMs: 5_000,
  retentionMs: 60_000,
  reapEveryMs: 1_000,
  indexRows: 3,
  unusedClientMs: 10 ** 11,
};
const INDEXES = [
  { kind: 'ordered', path: 'rank' },
  { kind: 'hash', path: 'team' },
  { kind: 'ordered', path: 'pin' },
] as const;

/** A token that is being checked. */
interface Check {
  readonly conn: number;
  readonly principal: Principal;
  readonly person: Person;
}

/** The other end of a socket. */
export interface Peer {
  readonly viewer: Viewer;
  readonly receive: (message: ServerMessage) => void;
  readonly closed: () => void;
  isAuthenticated: boolean;
}

/**
 * The shipped engine of a server between a store that keeps what it is given and the oracle, through which every frame and every reason of
 * a close has to pass. What passes is judged as the bytes that leave, at the moment at which they do.
 */
export class OracleNode {
  /** ms since the epoch */
  now = 1_800_000_000_000;
  engine: ServerEngine;
  readonly data = new KnownData();
  readonly judge = new FrameJudge(this.data);
  readonly peers = new Map<number, Peer>();
  policies: readonly Policy[];
  readonly effects: ServerEffects;
  readonly #tally: Tally;
  readonly #partitions = new Map<number, PartitionState>();
  readonly #meta = new Map<string, unknown>();
  readonly #timers = new Map<string, number>();
  readonly #pending: { readonly id: number; readonly batch: CommitBatch }[] = [];
  readonly #checks: Check[] = [];
  readonly #random: () => number;
  #conns = 0;
  #calls = 0;

  constructor(policies: readonly Policy[], random: () => number, tally: Tally) {
    this.policies = policies;
    this.#tally = tally;
    this.#random = random;
    this.effects = this.#effects();
    this.data.onCommit.push((row) => {
      for (const { viewer } of this.peers.values()) if (viewer.reader !== undefined) viewer.notice(row);
    });
    this.engine = this.#start();
  }

  open(peer: Omit<Peer, 'isAuthenticated' | 'viewer'>): number {
    const conn = ++this.#conns;
    this.peers.set(conn, { ...peer, viewer: new Viewer(this.data), isAuthenticated: false });
    this.engine.opened(conn, { remote: 'oracle' }, this.now);
    return conn;
  }

  /** A frame from a socket; `as`: whom its token speaks for, if it brings one. */
  receive(conn: number, frame: Uint8Array, as?: Omit<Check, 'conn'>): void {
    const peer = this.peers.get(conn);
    if (peer === undefined) return;
    const decoded = decode(frame, peer.isAuthenticated ? 'client' : 'preauth');
    if (!decoded.ok) return this.engine.refused(conn, decoded.code, decoded.path, this.now);
    const message = decoded.message as ClientMessage;
    if (as !== undefined) this.#checks.push({ conn, ...as });
    // What is published leaves within the same input.
    peer.viewer.received(message);
    this.engine.message(conn, message, this.now);
  }

  closed(conn: number): void {
    if (this.peers.delete(conn)) this.engine.closed(conn, this.now);
  }

  pressed(conn: number, isBehind: boolean): void {
    this.engine.pressed(conn, isBehind);
  }

  setPolicies(policies: readonly Policy[]): void {
    this.policies = policies;
    for (const { viewer } of this.peers.values())
      if (viewer.reader !== undefined) viewer.become({ ...viewer.reader, policies }, viewer.person);
    this.engine.setPolicies(policies, this.now);
  }

  /** Whether nobody is on a socket yet whose token is being checked. */
  isChecking(conn: number | undefined): boolean {
    return this.#checks.some(
      (check) => check.conn === conn && this.peers.get(check.conn)?.isAuthenticated === false,
    );
  }

  /** The oldest check of a token is done. */
  verify(): void {
    const check = this.#checks.shift();
    const peer = check && this.peers.get(check.conn);
    if (check === undefined || peer === undefined) return;
    peer.viewer.become({ principal: check.principal, policies: this.policies }, check.person);
    this.engine.verified(check.conn, { principal: check.principal }, this.now);
  }

  /** The store has the oldest batch that it was given. */
  complete(): void {
    const commit = this.#pending.shift();
    if (commit === undefined) return;
    this.#store(commit.batch);
    this.engine.committed(commit.id, 'committed', this.now);
  }

  /** The end of a turn. */
  tick(): void {
    this.engine.tick(this.now);
    this.data.endTurn();
  }

  /** Until all that was begun is done. */
  settle(): void {
    for (let turn = 0; turn < 20; turn++) {
      while (this.#checks.length > 0) this.verify();
      this.tick();
      if (this.#pending.length === 0) return;
      while (this.#pending.length > 0) this.complete();
    }
  }

  /** Lets time pass and fires what is due. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let turn = 0; turn < 200; turn++) {
      const [next] = [...this.#timers].filter(([, at]) => at <= end).sort((a, b) => a[1] - b[1]);
      if (next === undefined) break;
      this.#timers.delete(next[0]);
      this.now = Math.max(this.now, next[1]);
      this.engine.timer(next[0], this.now);
      this.tick();
    }
    this.now = end;
  }

  repair(map: string, key: string): void {
    this.engine.repairs.ask(++this.#calls, { by: 'operator', map, key, change: { type: 'keep' } });
  }

  /** The process ends and starts again on what the store holds. */
  restart(): void {
    for (const { closed } of this.peers.values()) closed();
    this.peers.clear();
    this.#pending.length = 0;
    this.#checks.length = 0;
    this.#timers.clear();
    this.now += 1_000;
    this.data.forget();
    this.engine = this.#start();
  }

  /** Into the store, past the server. */
  smuggle(records: readonly StoredRecord[]): void {
    for (const record of records) {
      const pid = partitionOf(record.key);
      const { epoch, n } = record;
      this.#state(pid).absorb({ pid, high: { epoch, n }, records: [record], dedup: [] });
    }
  }

  /** What leaves in other ways than as a frame: through the outlet of this name, for somebody. */
  leaves(outlet: string, viewer: Viewer, bytes: Uint8Array): void {
    count(this.#tally, outlet);
    const [leak] = this.judge.bytes(viewer, bytes, outlet).leaks;
    if (leak !== undefined) throw new Leak(outlet, leak);
  }

  #send(conn: number, peer: Peer, bytes: Uint8Array, message: ServerMessage): void {
    if (message.type === 'AUTH_ACK') peer.isAuthenticated = true;
    const { viewer } = peer;
    const asked =
      'query' in message && message.query !== undefined ? viewer.queries.get(message.query)?.spec : undefined;
    const outlets = outletsOf(message, asked);
    for (const outlet of outlets) count(this.#tally, outlet);
    this.#tally.frames++;
    const { permitted, leaks } = this.judge.frame(viewer, message, bytes);
    if (permitted > 0) this.#tally.withCanaries++;
    const sub = viewer.reader?.principal.sub ?? 'a stranger';
    if (leaks.length > 0)
      throw new Leak([...outlets].join(), `${leaks[0]} (to ${sub} on connection ${conn})`);
    peer.receive(message);
  }

  #deliver(conns: readonly number[], message: ServerMessage): void {
    const bytes = encode(message);
    const decoded = decode(bytes, 'server');
    if (!decoded.ok) throw new Error(`${message.type} cannot be read: ${decoded.code} at ${decoded.path}`);
    for (const conn of conns) {
      const peer = this.peers.get(conn);
      if (peer !== undefined) this.#send(conn, peer, bytes, decoded.message as ServerMessage);
    }
  }

  #effects(): ServerEffects {
    return {
      send: (conn, message) => this.#deliver([conn], message),
      sendShared: (conns, message) => this.#deliver(conns, message),
      close: (conn, _code, reason) => {
        const peer = this.peers.get(conn);
        if (peer === undefined) return;
        this.peers.delete(conn);
        this.leaves('close reason', peer.viewer, Buffer.from(reason));
        peer.closed();
      },
      verify: () => undefined,
      commit: (id, batch) => this.#pending.push({ id, batch }),
      readDedup: () => {
        throw new Error('No commit of this store is ever unknown.');
      },
      renew: () => undefined,
      arm: (timer, delayMs) => this.#timers.set(timer, this.now + delayMs),
      cancel: (timer) => this.#timers.delete(timer),
    };
  }

  #state(pid: number): PartitionState {
    const state = this.#partitions.get(pid) ?? new PartitionState();
    this.#partitions.set(pid, state);
    return state;
  }

  #store({ slices, meta }: CommitBatch): void {
    for (const slice of slices) {
      const state = this.#state(slice.pid);
      state.absorb(slice);
      if (slice.gc !== undefined) state.purge();
    }
    for (const { name, value } of meta) {
      if (value === null) this.#meta.delete(name);
      else this.#meta.set(name, value);
    }
  }

  #boot(): StoreBoot {
    const partitions = new Map<number, Offset>();
    const gc = new Map<number, GcMarks>();
    for (const [pid, state] of this.#partitions) {
      partitions.set(pid, state.high);
      if (state.gc !== undefined) gc.set(pid, state.gc);
    }
    return { incarnation: INCARNATION, partitions, gc, meta: new Map(this.#meta) };
  }

  #start(): ServerEngine {
    const engine = new ServerEngine(
      {
        nodeId: 'node-1',
        boot: this.#boot(),
        policies: this.policies,
        resolvers: new Resolvers(RULES),
        isVolatile: (map) => map === VOLATILE,
        indexesOf: () => INDEXES,
        random: this.#random,
        mac: { ...cursorMac, newKey: () => Uint8Array.from({ length: 32 }, () => this.#random() & 0xff) },
        now: this.now,
        limits: LIMITS,
      },
      this.effects,
    );
    const states = [...this.#partitions];
    const dedup = states.flatMap(([pid, state]) =>
      [...state.liveDedup()].map((row): readonly [number, DedupRow] => [pid, row]),
    );
    engine.load(
      states.flatMap(([, state]) => [...state.records.values()]),
      dedup,
    );
    engine.tick(this.now);
    return engine;
  }
}

export const INCARNATION = 'life-1';
