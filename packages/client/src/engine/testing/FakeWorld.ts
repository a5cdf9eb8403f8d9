import { normalizeQuery, type QueryFilter } from '@topgun/core';
import type { ServerMessage } from '@topgun/protocol';
import type { StoreKey, StoreTx } from '../../storage/IStorageAdapter.js';
import { storageError } from '../../storage/storageErrors.js';
import type { ClientEffects, ClientEvent, RealmOptions, TabMessage } from '../ports.js';
import { RealmEngine } from '../RealmEngine.js';
import { ModelConnection } from './ModelConnection.js';
import { ModelServer } from './ModelServer.js';

/** A store shared by the realms that were made on it. */
export class FakeStore {
  readonly rows = new Map<string, readonly [StoreKey, unknown]>();
  commits = 0;
  /** Rows that there is room for. */
  rowsMax = Number.POSITIVE_INFINITY;

  apply(batch: StoreTx): number {
    const keys = new Set([...this.rows.keys(), ...batch.puts.map(([key]) => key.join('\0'))]);
    for (const key of batch.deletes) keys.delete(key.join('\0'));
    if (batch.puts.length > 0 && keys.size > this.rowsMax) throw storageError('STORAGE_FULL', 'no room');

    for (const [key, value] of batch.puts) this.rows.set(key.join('\0'), [key, structuredClone(value)]);
    for (const key of batch.deletes) this.rows.delete(key.join('\0'));
    return ++this.commits;
  }

  /** Takes the store back to an earlier state, as a crash does to relaxed commits. */
  restore(rows: ReadonlyMap<string, readonly [StoreKey, unknown]>): void {
    this.rows.clear();
    for (const [name, row] of rows) this.rows.set(name, row);
  }

  /** The rows of one table in key order. */
  table(name: string): (readonly [StoreKey, unknown])[] {
    const found = [...this.rows].filter(([, [key]]) => key[0] === name);
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }
}

/** What a test may hold back: completions wait until `release`. */
export type Gate = 'tx' | 'read' | 'server' | 'channel';

interface Timer {
  readonly name: string;
  readonly realm: FakeRealm;
  readonly atMs: number;
}

/** Virtual time, a queue of completions, one model server, and any number of realms on any number of stores. */
export class FakeWorld {
  readonly server = new ModelServer();
  readonly realms: FakeRealm[] = [];
  timeMs = 1_700_000_000_000;
  isServerUp = true;
  readonly #queue: (() => void)[] = [];
  readonly #timers = new Set<Timer>();
  #seed: number;

  constructor(seed = 1) {
    this.#seed = seed;
    this.server.nowMs = () => this.timeMs;
  }

  /** mulberry32 */
  random = (): number => {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };

  later(task: () => void): void {
    this.#queue.push(task);
  }

  arm(realm: FakeRealm, name: string, delayMs: number): void {
    this.cancel(realm, name);
    this.#timers.add({ name, realm, atMs: this.timeMs + delayMs });
  }

  cancel(realm: FakeRealm, name?: string): void {
    for (const timer of this.#timers) {
      if (timer.realm === realm && (name === undefined || timer.name === name)) this.#timers.delete(timer);
    }
  }

  hasTimer(realm: FakeRealm, name: string): boolean {
    return [...this.#timers].some((timer) => timer.realm === realm && timer.name === name);
  }

  /** Runs everything that is due, without letting time pass. */
  settle(stepsMax = 100_000): void {
    for (let step = 0; step < stepsMax; step++) {
      const due = [...this.#timers].find((timer) => timer.atMs <= this.timeMs);
      if (due) {
        this.#timers.delete(due);
        due.realm.run(() => due.realm.engine.timer(due.name));
        continue;
      }
      const task = this.#queue.shift();
      if (!task) return;
      task();
    }
    throw new Error('The world does not come to rest.');
  }

  advance(ms: number): void {
    const endMs = this.timeMs + ms;
    for (;;) {
      this.settle();
      const next = Math.min(...[...this.#timers].map((timer) => timer.atMs));
      if (next > endMs) break;
      this.timeMs = next;
    }
    this.timeMs = endMs;
    this.settle();
  }

  realm(store = new FakeStore(), options: Partial<RealmOptions> = {}): FakeRealm {
    const realm = new FakeRealm(this, store, options);
    this.realms.push(realm);
    return realm;
  }

  /** A realm that is booted and started, with everything settled. */
  started(store?: FakeStore, options?: Partial<RealmOptions>): FakeRealm {
    const realm = this.realm(store, options);
    realm.engine.boot();
    realm.engine.start();
    this.settle();
    return realm;
  }

  cutNetwork(): void {
    this.isServerUp = false;
    for (const realm of this.realms) realm.drop(1006);
    this.settle();
  }

  healNetwork(): void {
    this.isServerUp = true;
    this.advance(60_000);
  }
}

/** The shell of one realm, performed by the test. */
export class FakeRealm implements ClientEffects {
  readonly engine: RealmEngine;
  readonly store: FakeStore;
  readonly world: FakeWorld;
  readonly events: ClientEvent[] = [];
  readonly held = new Set<Gate>();
  /** Fails transactions with this instead of committing them. */
  storeError: Error | undefined;
  wallOffsetMs = 0;
  isAlive = true;
  isFrozen = false;
  readonly #frozen: (() => void)[] = [];
  token: string | null = 'token';
  /** What the app does with each event. */
  onEvent: (event: ClientEvent) => void = () => undefined;
  #connection: ModelConnection | undefined;
  readonly #waiting: (readonly [Gate, () => void])[] = [];
  #wantsLock = false;
  hasLock = false;

  constructor(world: FakeWorld, store: FakeStore, options: Partial<RealmOptions>) {
    this.world = world;
    this.store = store;
    const clock = { wallMs: () => world.timeMs + this.wallOffsetMs, monoMs: () => world.timeMs };
    this.engine = new RealmEngine({ clock, random: world.random, ...options }, this);
  }

  get connection(): ModelConnection | undefined {
    return this.#connection;
  }

  /** Runs an input unless the realm is dead; a frozen one gets it when it wakes. */
  run(input: () => void): void {
    if (this.isFrozen) this.#frozen.push(input);
    else if (this.isAlive) input();
  }

  /** Stops the realm: nothing reaches it, but it keeps its lock and its socket. */
  freeze(): void {
    this.isFrozen = true;
  }

  thaw(): void {
    this.isFrozen = false;
    for (const input of this.#frozen.splice(0)) this.world.later(() => this.run(input));
  }

  release(gate: Gate): void {
    this.held.delete(gate);
    const due = this.#waiting.filter(([kind]) => kind === gate);
    for (const one of due) {
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      this.world.later(() => this.run(one[1]));
    }
  }

  /** The realm ends without a word; its locks are freed. */
  kill(): void {
    this.isAlive = false;
    this.#waiting.length = 0;
    this.world.cancel(this);
    this.drop(1006);
    this.hasLock = false;
    this.#wantsLock = false;
    this.#grant();
    for (const other of this.#others()) other.noticeDeath(this.engine.session);
  }

  /** Ends the socket as seen from this side. */
  drop(code: number): void {
    const connection = this.#connection;
    if (!connection) return;
    this.#connection = undefined;
    this.world.server.drop(connection);
    this.world.later(() => this.run(() => this.engine.socketClosed(code)));
  }

  /** Opens a query as an app writes it. */
  openQuery(id: string, map: string, filter: QueryFilter): void {
    this.engine.openQuery(id, map, normalizeQuery(filter));
  }

  eventsOf<T extends ClientEvent['type']>(type: T): Extract<ClientEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<ClientEvent, { type: T }> => event.type === type);
  }

  // ── effects ──

  tx(id: number, batch: StoreTx): void {
    this.#complete('tx', () => {
      try {
        if (this.storeError) throw this.storeError;
        this.engine.txDone(id, this.store.apply(batch));
      } catch (error) {
        this.engine.txFailed(id, error);
      }
    });
  }

  readStore(id: number): void {
    this.#complete('read', () => {
      const rows = [...this.store.rows.keys()]
        .sort()
        .map((key) => this.store.rows.get(key) as readonly [StoreKey, unknown]);
      this.engine.storeRead(id, structuredClone(rows), this.store.commits);
    });
  }

  acquireLock(steal: boolean): void {
    this.#wantsLock = true;
    const holder = this.#others().find((other) => other.hasLock);
    if (steal && holder) {
      holder.hasLock = false;
      this.world.later(() => holder.run(() => holder.engine.lockLost()));
    }
    this.#grant();
  }

  releaseLock(): void {
    this.#wantsLock = false;
    this.hasLock = false;
    this.#grant();
  }

  readonly #watched = new Set<string>();

  watchSession(session: string): void {
    const owner = this.world.realms.find((realm) => realm.engine.session === session);
    if (owner?.isAlive) this.#watched.add(session);
    else this.world.later(() => this.run(() => this.engine.sessionGone(session)));
  }

  noticeDeath(session: string): void {
    if (this.#watched.delete(session))
      this.world.later(() => this.run(() => this.engine.sessionGone(session)));
  }

  post(message: TabMessage): void {
    for (const other of this.#others()) other.hear(structuredClone(message));
  }

  hear(message: TabMessage): void {
    this.#complete('channel', () => this.engine.channel(message));
  }

  connect(): void {
    if (!this.world.isServerUp) {
      this.world.later(() => this.run(() => this.engine.socketClosed(1006)));
      return;
    }
    const turn: ServerMessage[] = [];
    const connection: ModelConnection = new ModelConnection(
      (message) => this.#deliver(connection, turn, message),
      (code) => this.world.later(() => connection === this.#connection && this.drop(code)),
    );
    this.#connection = connection;
    this.world.later(() => connection === this.#connection && this.run(() => this.engine.socketOpened()));
  }

  disconnect(code: number): void {
    this.drop(code);
  }

  send(message: Parameters<ClientEffects['send']>[0]): void {
    const connection = this.#connection;
    if (!connection) return;
    const sent = structuredClone(message);
    this.world.later(() => connection === this.#connection && this.world.server.receive(connection, sent));
  }

  requestToken(): void {
    this.world.later(() => this.run(() => this.engine.token(this.token)));
  }

  arm(timer: string, delayMs: number): void {
    this.world.arm(this, timer, delayMs);
  }

  cancel(timer: string): void {
    this.world.cancel(this, timer);
  }

  event(event: ClientEvent): void {
    this.events.push(event);
    if (event.type === 'token') this.token = event.token;
    this.onEvent(event);
  }

  /** What the server sends in one turn arrives as one message of the socket (RES-6). */
  #deliver(connection: ModelConnection, turn: ServerMessage[], message: ServerMessage): void {
    turn.push(structuredClone(message));
    if (turn.length > 1) return;
    this.#complete('server', () => {
      for (const one of turn.splice(0)) if (connection === this.#connection) this.engine.socketMessage(one);
    });
  }

  #complete(gate: Gate, done: () => void): void {
    if (this.held.has(gate)) this.#waiting.push([gate, done]);
    else this.world.later(() => this.run(done));
  }

  /** Gives the free lock of the store to the next realm that waits for it. */
  #grant(): void {
    const realms = this.world.realms.filter((realm) => realm.store === this.store);
    if (realms.some((realm) => realm.hasLock)) return;
    const next = realms.find((realm) => realm.isAlive && realm.#wantsLock && !realm.hasLock);
    if (!next) return;
    next.#wantsLock = false;
    next.hasLock = true;
    this.world.later(() => next.run(() => next.engine.lockGranted()));
  }

  #others(): FakeRealm[] {
    return this.world.realms.filter((realm) => realm !== this && realm.store === this.store && realm.isAlive);
  }
}
