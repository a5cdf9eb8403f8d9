import { TopGunError } from '@topgun/core';
import type { ErrorCode, Kind, ServerMessage } from '@topgun/protocol';
import type { SyncStateName } from '../SyncStateMachine.js';
import type { StoreKey } from '../storage/IStorageAdapter.js';
import { CommitOrder } from './CommitOrder.js';
import { LocalQueries, type QueryRequest } from './LocalQueries.js';
import { OpLog } from './OpLog.js';
import type { PendingOp, WriteCode } from './PendingOp.js';
import type { ClientEffects, ClientEvent, RealmOptions, SettledOutcome, TabMessage } from './ports.js';
import { RealmClock } from './RealmClock.js';
import { randomId } from './randomId.js';
import { Rejections } from './Rejections.js';
import { Replica } from './Replica.js';
import { rowToStore } from './rows.js';
import { StoreMirror } from './StoreMirror.js';
import { StoreWriter } from './StoreWriter.js';
import { Tabs } from './Tabs.js';
import { Uplink } from './Uplink.js';

/** A commit may be told of this much later than a later one, before it counts as missing. */
const GAP_MS = 100;
const READ_RETRY_MS = 1000;

type Status = Omit<Extract<TabMessage, { type: 'status' }>, 'from'>;
const NO_STATUS: Status = { type: 'status', state: 'DISCONNECTED', synced: [], answered: [], offsetMs: 0 };

/** Composition root of the engine: makes the parts, and carries what happens in one to those it concerns. */
export class Realm {
  readonly session: string;
  readonly store: StoreWriter;
  readonly clock: RealmClock;
  readonly replica: Replica;
  readonly log: OpLog;
  readonly rejections: Rejections;
  readonly queries: LocalQueries;
  readonly tabs: Tabs;
  readonly uplink: Uplink;
  readonly #fx: ClientEffects;
  readonly #options: RealmOptions;
  readonly #mirror: StoreMirror;
  readonly #order = new CommitOrder();
  readonly #openMaps = new Map<string, Kind>();
  readonly #storedKinds = new Map<string, Kind>();
  readonly #topics = new Set<string>();
  #events: ClientEvent[] = [];
  #durable: { readonly seq: number; readonly cb: (error?: TopGunError) => void }[] = [];
  #synced: (() => void)[] = [];
  #status: Status = NO_STATUS;
  #statusText = '';
  #queryStates = new Map<string, boolean>();
  #pending = 0;
  #readId = 0;
  #isTicking = false;
  #isLoaded = false;
  #isStarted = false;
  /** What this realm wants changed since the last tick. */
  #wantsChanged = false;
  /** What another realm wants did. */
  #mergeChanged = false;
  /** While this realm holds the lock: the last transaction and read begun before that. */
  #granted: { readonly tx: number; readonly read: number } | undefined;
  /** A commit that this realm made or read after it got the lock. */
  #proven: number | undefined;
  isBooted = false;

  constructor(options: RealmOptions, fx: ClientEffects) {
    this.#fx = fx;
    this.#options = options;
    this.session = randomId(options.random, 64);
    const { session } = this;
    this.store = new StoreWriter(fx, options.durability === 'strict');
    this.clock = new RealmClock(session, options.clock, this.store);
    this.replica = new Replica(fx, this.clock, this.store, () => this.touch());
    this.tabs = new Tabs(fx, session);
    this.log = new OpLog(
      {
        session,
        isLeader: () => this.tabs.isLeader,
        settled: (seq, outcome, by, code) => this.#settled(seq, outcome, by, code),
        changed: () => this.touch(),
      },
      this.clock,
      this.replica,
      this.store,
    );
    this.rejections = new Rejections(this.store, {
      shows: (owner) => owner === session || (this.tabs.isLeader && this.tabs.isDead(owner)),
      show: (rejection) => this.#emit({ type: 'rejection', rejection }),
    });
    this.queries = new LocalQueries(this.replica);
    const parts = { clock: this.clock, replica: this.replica, log: this.log, rejections: this.rejections };
    this.#mirror = new StoreMirror(
      { ...parts, store: this.store },
      {
        session,
        isLeader: () => this.tabs.isLeader,
        clientId: (id) => this.#identified(id),
        kind: (map, kind) => this.#kindStored(map, kind),
      },
    );
    this.uplink = new Uplink(fx, options, parts, {
      session,
      changed: () => this.touch(),
      state: (error) => this.#stateChanged(error),
      failed: (error) => this.#emit({ type: 'error', error }),
      settled: (op, outcome, code) => this.#answered(op, outcome, code),
      topic: (topic, data, sender, ts) => {
        this.tabs.post({ type: 'topic', topic, data, sender, ts });
        this.#deliver(topic, data, sender, ts);
      },
      incarnation: (id) => this.store.put(['meta', 'incarnation'], id),
    });
  }

  // ── the store ──

  readStore(): void {
    this.#fx.readStore(++this.#readId, []);
  }

  storeRead(id: number, entries: readonly (readonly [StoreKey, unknown])[], commit: number): void {
    if (id !== this.#readId) return;
    const isBoot = !this.#isLoaded;
    this.#mirror.read(entries, isBoot);
    this.#isLoaded = true;
    this.#finishBoot();
    this.#order.reset(commit);
    if (this.#granted && id > this.#granted.read) this.#proven = commit;
    if (isBoot) {
      for (const map of this.replica.maps.keys()) this.#storeKind(map);
      this.#emit({ type: 'ready' });
      this.tabs.join();
      this.#wantsChanged = true;
    }
    if (this.tabs.isLeader) this.uplink.resync();
    this.#lead();
    this.rejections.offer();
    this.touch();
  }

  storeReadFailed(id: number, error: unknown): void {
    if (id !== this.#readId) return;
    this.#emit({ type: 'error', error: storageError(error) });
    this.#fx.arm('read', READ_RETRY_MS);
  }

  txDone(id: number, commit: number): void {
    const batch = this.store.done(id);
    if (!batch) return;
    const writes = [...batch.values()];
    this.#mirror.committed(writes);
    this.tabs.post({
      type: 'commit',
      commit,
      puts: writes.filter(([, value]) => value !== undefined),
      deletes: writes.flatMap(([key, value]) => (value === undefined ? [key] : [])),
    });
    if (this.#granted && id > this.#granted.tx) this.#proven ??= commit;
    this.#commit(commit, () => undefined);
    this.rejections.offer();
    this.touch();
  }

  txFailed(id: number, cause: unknown): void {
    if (!this.store.failed(id)) return;
    const error = storageError(cause);
    this.#emit({ type: 'error', error });
    for (const { cb } of this.#durable.splice(0)) cb(error);
    // A full store can still be read: it need not keep this realm from uploading what it holds.
    if (this.#granted && !this.tabs.isLeader) this.readStore();
  }

  storeLost(reason: string): void {
    const remedy = 'Nothing has to be done: what this tab holds is written again. Other tabs should be reloaded.';
    this.#emit({
      type: 'error',
      error: new TopGunError({ code: 'STORAGE_LOST', message: `The store was lost: ${reason}`, remedy, retriable: true }),
    });
    if (!this.#isLoaded) return;
    if (this.log.clientId !== '') this.store.put(['meta', 'client'], this.log.clientId);
    for (const [map, kind] of this.#storedKinds) this.store.put(['map', map], { kind });
    for (const op of this.log.ops()) if (this.tabs.isLeader || op.session === this.session) this.log.rewrite(op);
    for (const map of this.tabs.isLeader ? this.replica.maps.values() : []) {
      for (const [item, row] of map.base) this.store.put(['base', map.name, item], rowToStore(row));
    }
    this.readStore();
  }

  #commit(commit: number, apply: () => void): void {
    this.#order.take(commit, apply);
    if (this.#order.hasGap) this.#fx.arm('gap', GAP_MS);
    this.#lead();
  }

  // ── tabs ──

  lockGranted(): void {
    this.#granted = { tx: this.store.lastId, read: this.#readId };
    this.#proven = undefined;
    // Its commit number tells whether this realm knows everything that was written before it got the lock.
    this.store.put(['meta', 'leader'], this.session);
    this.touch();
  }

  lockLost(): void {
    const wasLeader = this.tabs.isLeader;
    this.#granted = undefined;
    this.#proven = undefined;
    if (wasLeader) {
      this.#stopLeading();
      // What this realm heard from the server and did not store is the next leader's business; own writes are kept.
      this.store.keep(([table, owner], value) =>
        table === 'reject' ? value === undefined : value !== undefined && (owner === this.session || table === 'map'),
      );
    }
    this.tabs.follow();
    this.readStore();
  }

  /** Starts to lead once memory is known to be what the store held when the lock was taken. */
  #lead(): void {
    const known = this.#order.known ?? -1;
    if (this.tabs.isLeader || !this.#granted || this.#proven === undefined || known < this.#proven) return;
    this.log.assumeSent();
    this.#status = NO_STATUS;
    this.tabs.lead(known);
    if (this.log.clientId === '') {
      const id = randomId(this.#options.random, 128);
      this.store.put(['meta', 'client'], id);
      this.#identified(id);
    }
    this.#wantsChanged = true;
    this.#emit({ type: 'role', leader: true });
    this.rejections.offer();
    if (this.#isStarted) this.#connect();
  }

  #stopLeading(): void {
    this.uplink.connection.stop();
    for (const map of this.replica.maps.values()) map.forgetServer();
    this.log.assumeSent();
    this.#emit({ type: 'role', leader: false });
  }

  sessionGone(session: string): void {
    this.tabs.gone(session);
    this.#mergeChanged = true;
    this.rejections.offer();
    this.touch();
  }

  channel(message: TabMessage): void {
    const { tabs } = this;
    switch (message.type) {
      case 'commit':
        return this.#followed(message);
      case 'leader':
        tabs.heard();
        tabs.setOwn(this.#wants());
        if (this.#isStarted) tabs.post({ type: 'control', action: 'start' });
        this.#order.expect(message.commit);
        if (this.#order.hasGap) this.#fx.arm('gap', GAP_MS);
        return;
      case 'status':
        tabs.heard();
        return this.#relayed(message);
      case 'pong':
        return tabs.heard();
      case 'ping':
        if (tabs.isLeader) tabs.post({ type: 'pong' });
        return;
      case 'wants':
        // Everybody hears them; a new leader asks for them again.
        if (!tabs.isLeader) return;
        tabs.setOther(message.from, message.wants);
        // The sender may be new here, and not know how things stand.
        this.#statusText = '';
        break;
      case 'bye':
        tabs.bye(message.from);
        break;
      case 'settled':
        if (message.session === this.session) this.#settled(message.seq, message.outcome, undefined, message.code);
        return;
      case 'publish':
        if (tabs.isLeader) this.uplink.topics.publish(message.topic, message.data);
        return this.#deliver(message.topic, message.data, message.from, message.ts);
      case 'topic':
        return this.#deliver(message.topic, message.data, message.sender, message.ts);
      case 'control':
        if (!tabs.isLeader) return;
        return message.action === 'start' ? this.#connect() : this.uplink.connection.reset();
      case 'token':
        if (tabs.isLeader) this.uplink.connection.token(message.token);
        return;
    }
    this.#mergeChanged = true;
    this.touch();
  }

  #followed({ commit, puts, deletes }: Extract<TabMessage, { type: 'commit' }>): void {
    this.#commit(commit, () => {
      this.#mirror.followed(puts, deletes);
      // Only a former leader writes base or ends ops. What it wrote may be older than what this one knows.
      const isForeign = puts.some(([[table]]) => table === 'base') || deletes.some(([table]) => table === 'op');
      if (this.tabs.isLeader && isForeign) this.readStore();
      this.rejections.offer();
    });
    this.touch();
  }

  #relayed(status: Status): void {
    if (this.tabs.isLeader) return;
    const { state, error } = status;
    const isNew = state !== this.#status.state;
    this.#status = status;
    this.clock.offsetMs = status.offsetMs;
    if (isNew) this.#emit({ type: 'state', state, ...(error ? { error: new TopGunError(error) } : {}) });
    this.touch();
  }

  // ── the server ──

  socketMessage(message: ServerMessage): void {
    // A leader that was replaced while it slept must not take in what still arrives.
    if (this.tabs.isLeader) this.uplink.message(message);
    this.touch();
  }

  #connect(): void {
    if (this.#options.server !== false) this.uplink.connection.start();
  }

  #stateChanged(error?: TopGunError): void {
    const state = this.uplink.connection.machine.getState();
    const said = error && { code: error.code, message: error.message, remedy: error.remedy };
    this.#status = { ...NO_STATUS, state, ...(said ? { error: said } : {}) };
    this.#emit({ type: 'state', state, ...(error ? { error } : {}) });
  }

  #answered(op: PendingOp, outcome: SettledOutcome, code?: string): void {
    if (op.session === this.session) this.#settled(op.seq, outcome, undefined, code);
    else {
      this.tabs.post({ type: 'settled', session: op.session, seq: op.seq, outcome, ...(code ? { code } : {}) });
    }
  }

  #settled(seq: number, outcome: SettledOutcome, by?: number, code?: string): void {
    const more = { ...(by === undefined ? {} : { by }), ...(code === undefined ? {} : { code }) };
    this.#emit({ type: 'settled', seq, outcome, ...more });
  }

  // ── the app ──

  write(op: WriteCode, map: string, key: string, value: unknown, ttlMs?: number, wanted?: unknown): number {
    const seq = this.log.write(op, map, key, value, ttlMs, wanted);
    this.#storeKind(map);
    this.touch();
    return seq;
  }

  openMap(map: string, kind: Kind): void {
    this.replica.map(map, kind);
    this.#storeKind(map);
    if (this.#openMaps.get(map) !== kind) this.#wantsChanged = true;
    this.#openMaps.set(map, kind);
    this.touch();
  }

  closeMap(map: string): void {
    this.#wantsChanged = this.#openMaps.delete(map) || this.#wantsChanged;
    this.touch();
  }

  openQuery(id: string, map: string, request: QueryRequest): void {
    this.queries.open(id, map, request);
    this.#wantsChanged = true;
    this.touch();
  }

  closeQuery(id: string): void {
    this.#wantsChanged = this.queries.close(id) || this.#wantsChanged;
    this.#queryStates.delete(id);
    this.touch();
  }

  subscribe(topic: string, on: boolean): void {
    if (on) this.#topics.add(topic);
    else this.#topics.delete(topic);
    this.#wantsChanged = true;
    this.touch();
  }

  publish(topic: string, data: unknown): void {
    this.tabs.post({ type: 'publish', topic, data, ts: this.clock.nowMs() });
    if (this.tabs.isLeader) this.uplink.topics.publish(topic, data);
  }

  isSynced(map: string): boolean {
    if (!this.tabs.isLeader) return this.#status.synced.includes(map);
    return this.uplink.scopes.get(map)?.isComplete ?? false;
  }

  /** Whether the server's rows of a query are in. */
  isAnswered(id: string): boolean {
    const query = this.queries.get(id);
    if (!query) return false;
    const answered = this.tabs.isLeader ? this.uplink.queries.complete : this.#status.answered;
    return this.isSynced(query.map) || answered.includes(query.name);
  }

  whenDurable(cb: (error?: TopGunError) => void): void {
    if (this.log.isDurable(this.log.lastSeq)) cb();
    else this.#durable.push({ seq: this.log.lastSeq, cb });
  }

  whenSynced(cb: () => void): void {
    this.#synced.push(cb);
    this.touch();
  }

  state(): SyncStateName {
    return this.#status.state;
  }

  start(): void {
    this.#isStarted = true;
    if (this.tabs.isLeader) this.#connect();
    else if (this.#isLoaded) {
      this.tabs.join();
      this.tabs.post({ type: 'control', action: 'start' });
    }
  }

  stop(): void {
    this.#isStarted = false;
    this.#granted = undefined;
    if (this.tabs.isLeader) this.#stopLeading();
    this.tabs.leave();
  }

  reset(): void {
    if (this.tabs.isLeader) this.uplink.connection.reset();
    else this.tabs.post({ type: 'control', action: 'reset' });
  }

  setToken(token: string | null): void {
    if (!this.tabs.isLeader) this.tabs.post({ type: 'token', token });
    else if (this.uplink.connection.isUp) this.uplink.connection.token(token);
  }

  timer(name: string): void {
    if (name === 'tick') return this.#tick();
    if (name === 'tx') this.store.resume();
    else if (name === 'expire') this.replica.expire();
    else if (name === 'read') this.readStore();
    else if (name === 'leader') this.tabs.ping();
    else if (name === 'gap') {
      if (this.#order.hasGap) this.readStore();
    } else this.uplink.timer(name);
    this.touch();
  }

  /** Something happened that the end of this turn has to deal with. */
  touch(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#fx.arm('tick', 0);
  }

  // ── end of a turn ──

  #tick(): void {
    this.#isTicking = false;
    this.#applyWants();
    if (this.tabs.isLeader) this.#leaderTick();
    if (this.#isLoaded && this.store.isReady) {
      this.log.beforeFlush();
      this.store.flush();
    }
    this.#announce();
    this.#durable = this.#durable.filter(({ seq, cb }) => {
      const isDone = this.log.isDurable(seq);
      if (isDone) cb();
      return !isDone;
    });
    if (this.state() === 'CONNECTED' && this.log.size === 0) for (const cb of this.#synced.splice(0)) cb();
    for (const event of this.#events.splice(0)) this.#fx.event(event);
  }

  #leaderTick(): void {
    const { scopes, queries, uploader, connection } = this.uplink;
    this.tabs.watch([...this.log.sessions.keys(), ...this.rejections.sessions]);
    for (const session of this.tabs.dead) this.#endSession(session);
    uploader.pump();
    if (connection.isUp && scopes.isSettled && queries.isSettled) connection.synced();
    const { complete } = scopes;
    this.#status = { ...this.#status, synced: complete, answered: queries.complete, offsetMs: this.clock.offsetMs };
    const text = JSON.stringify(this.#status);
    if (text !== this.#statusText) this.tabs.post(this.#status);
    this.#statusText = text;
  }

  /** A dead realm with nothing left to answer: neither server nor store have to remember it. */
  #endSession(session: string): void {
    const log = this.log.sessions.get(session);
    if (!this.uplink.connection.isUp || !log || log.ops.size > 0) return;
    this.uplink.uploader.end(session);
    this.log.sessions.delete(session);
    this.store.del(['low', session]);
  }

  #announce(): void {
    const keysByMap = this.replica.takeChanges();
    if (keysByMap.size > 0) this.#events.push({ type: 'changes', keysByMap });
    for (const [id, { map }] of this.queries.all()) {
      const isAnswered = this.isAnswered(id);
      if (!keysByMap.has(map) && this.#queryStates.get(id) === isAnswered) continue;
      this.#queryStates.set(id, isAnswered);
      this.#events.push({ type: 'query', id });
    }
    if (this.log.size === this.#pending) return;
    this.#pending = this.log.size;
    this.#events.push({ type: 'pending', count: this.#pending });
  }

  #applyWants(): void {
    if (!this.#isLoaded || !(this.#wantsChanged || this.#mergeChanged)) return;
    if (this.#wantsChanged) this.tabs.setOwn(this.#wants());
    this.#wantsChanged = false;
    this.#mergeChanged = false;
    if (this.tabs.isLeader) this.uplink.want(this.tabs.merged());
  }

  #wants(): Extract<TabMessage, { type: 'wants' }>['wants'] {
    const queries = [...this.queries.all()].map(([, { name, map, spec }]) => [name, map, spec] as const);
    return { maps: [...this.#openMaps], queries, topics: [...this.#topics] };
  }

  // ── identity and kinds ──

  /** The store's client id is known: ops made before get their ids, stamps and bases (CLK-2, ID-1). */
  #identified(id: string): void {
    this.log.clientId = id;
    this.touch();
    // While the store is being read, ops are not there yet; storeRead ends the boot.
    if (this.#isLoaded) this.#finishBoot();
  }

  #finishBoot(): void {
    if (this.isBooted || this.log.clientId === '') return;
    this.isBooted = true;
    for (const op of this.log.finishDrafts()) this.uplink.refuse(op, 'WRONG_KIND');
  }

  #storeKind(map: string): void {
    const kind = this.replica.maps.get(map)?.kind;
    // The kind that the store has counts, so none is written before it was read.
    if (!kind || !this.#isLoaded || this.#storedKinds.get(map) === kind) return;
    this.#storedKinds.set(map, kind);
    this.store.put(['map', map], { kind });
  }

  /** The store knows a map by another kind than this realm opened it with: the store is right. */
  #kindStored(map: string, kind: Kind): void {
    this.#storedKinds.set(map, kind);
    const found = this.replica.maps.get(map);
    if (!found || found.kind === kind) return;
    this.replica.set(map, kind);
    const message = `Map "${map}" was opened as ${found.kind}, but holds ${kind} data.`;
    const remedy = 'Open the map as the kind it has, or take another name.';
    this.#emit({ type: 'error', error: new TopGunError({ code: 'WRONG_KIND' satisfies ErrorCode, message, remedy }) });
    if (this.#openMaps.delete(map)) this.#wantsChanged = true;
  }

  #deliver(topic: string, data: unknown, from: string, ts: number): void {
    if (this.#topics.has(topic)) this.#emit({ type: 'topic', topic, data, from, ts });
  }

  #emit(event: ClientEvent): void {
    this.#events.push(event);
    this.touch();
  }
}

/** Adapters throw typed errors; anything else is named here. */
function storageError(cause: unknown): TopGunError {
  if (cause instanceof TopGunError) return cause;
  const remedy = 'See `cause`. The client tries again by itself.';
  return new TopGunError({ code: 'STORAGE_UNAVAILABLE', message: 'The store failed.', remedy, retriable: true, cause });
}
