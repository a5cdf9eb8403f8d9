import type { TopGunError } from '@topgun/core';
import type { ServerMessage } from '@topgun/protocol';
import { Announcer } from './Announcer.js';
import { AppSide } from './AppSide.js';
import { OpLog } from './OpLog.js';
import type { PendingOp, WriteCode } from './PendingOp.js';
import type { ClientEffects, ClientEvent, RealmOptions, SettledOutcome, TabMessage } from './ports.js';
import { RealmClock } from './RealmClock.js';
import { Rejections } from './Rejections.js';
import { Replica } from './Replica.js';
import { randomId } from './randomId.js';
import { type Status, StatusBoard } from './StatusBoard.js';
import { StoreSide } from './StoreSide.js';
import { StoreWriter } from './StoreWriter.js';
import { Tabs } from './Tabs.js';
import { Uplink } from './Uplink.js';

/** Composition root of the engine: makes the parts, and carries what happens in one to those it concerns. */
export class Realm {
  readonly session: string;
  readonly store: StoreWriter;
  readonly clock: RealmClock;
  readonly replica: Replica;
  readonly log: OpLog;
  readonly rejections: Rejections;
  readonly app: AppSide;
  readonly tabs: Tabs;
  readonly uplink: Uplink;
  readonly storeSide: StoreSide;
  readonly announcer = new Announcer();
  readonly status = new StatusBoard();
  readonly #fx: ClientEffects;
  readonly #options: RealmOptions;
  #isTicking = false;
  #isStarted = false;
  /** What another realm wants changed since the last tick. */
  #mergeChanged = false;
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
    this.app = new AppSide(this.replica, this.store, {
      failed: (error) => this.#emit({ type: 'error', error }),
      touch: () => this.touch(),
    });
    const parts = { clock: this.clock, replica: this.replica, log: this.log, rejections: this.rejections };
    this.storeSide = new StoreSide(
      fx,
      { ...parts, store: this.store },
      {
        session,
        isLeader: () => this.tabs.isLeader,
        clientId: (id) => this.#identified(id),
        kind: (map, kind) => this.app.kindStored(map, kind),
        read: (isFirst) => this.#read(isFirst),
        committed: (commit, puts, deletes) => this.tabs.post({ type: 'commit', commit, puts, deletes }),
        mayLead: (known) => this.#lead(known),
        failed: (error) => this.#emit({ type: 'error', error }),
      },
    );
    this.uplink = new Uplink(fx, options, parts, {
      session,
      changed: () => this.touch(),
      state: (error) => this.#emit(this.status.changed(this.uplink.connection.machine.getState(), error)),
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

  txDone(id: number, commit: number): void {
    this.storeSide.txDone(id, commit);
    this.rejections.offer();
    this.touch();
  }

  txFailed(id: number, cause: unknown): void {
    const error = this.storeSide.txFailed(id, cause);
    if (error) this.announcer.failDurable(error);
  }

  #read(isFirst: boolean): void {
    this.#finishBoot();
    if (isFirst) {
      this.app.loaded();
      this.#emit({ type: 'ready' });
      this.tabs.join();
    }
    if (this.tabs.isLeader) this.uplink.resync();
    this.rejections.offer();
    this.touch();
  }

  // ── tabs ──

  lockGranted(): void {
    this.storeSide.lockGranted();
    this.touch();
  }

  lockLost(): void {
    this.storeSide.lockLost();
    if (this.tabs.isLeader) {
      this.#stopLeading();
      this.storeSide.dropServerWrites();
    }
    this.tabs.follow();
    this.storeSide.read();
  }

  #lead(known: number): void {
    this.log.assumeSent();
    this.status.clear();
    this.tabs.lead(known);
    if (this.log.clientId === '') {
      const id = randomId(this.#options.random, 128);
      this.store.put(['meta', 'client'], id);
      this.#identified(id);
    }
    this.#mergeChanged = true;
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
        this.storeSide.told(message.commit, message.puts, message.deletes);
        this.rejections.offer();
        return this.touch();
      case 'leader':
        tabs.heard();
        tabs.setOwn(this.app.wants());
        if (this.#isStarted) tabs.post({ type: 'control', action: 'start' });
        return this.storeSide.expect(message.commit);
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
        this.status.repeat();
        break;
      case 'bye':
        tabs.bye(message.from);
        break;
      case 'settled':
        if (message.session === this.session)
          this.#settled(message.seq, message.outcome, undefined, message.code);
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

  #relayed(status: Status): void {
    if (this.tabs.isLeader) return;
    const event = this.status.relayed(status);
    if (event) this.#emit(event);
    this.clock.offsetMs = status.offsetMs;
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

  #answered(op: PendingOp, outcome: SettledOutcome, code?: string): void {
    if (op.session === this.session) this.#settled(op.seq, outcome, undefined, code);
    else {
      this.tabs.post({
        type: 'settled',
        session: op.session,
        seq: op.seq,
        outcome,
        ...(code ? { code } : {}),
      });
    }
  }

  #settled(seq: number, outcome: SettledOutcome, by?: number, code?: string): void {
    const more = { ...(by === undefined ? {} : { by }), ...(code === undefined ? {} : { code }) };
    this.#emit({ type: 'settled', seq, outcome, ...more });
  }

  // ── the app ──

  write(op: WriteCode, map: string, key: string, value: unknown, ttlMs?: number, wanted?: unknown): number {
    const seq = this.log.write(op, map, key, value, ttlMs, wanted);
    this.app.storeKind(map);
    this.touch();
    return seq;
  }

  publish(topic: string, data: unknown): void {
    this.tabs.post({ type: 'publish', topic, data, ts: this.clock.nowMs() });
    if (this.tabs.isLeader) this.uplink.topics.publish(topic, data);
  }

  isSynced(map: string): boolean {
    if (!this.tabs.isLeader) return this.status.now.synced.includes(map);
    return this.uplink.scopes.get(map)?.isComplete ?? false;
  }

  /** Whether the server's rows of a query are in: with the whole map, or by the query's own answer. */
  answerTo(id: string): 'none' | 'map' | 'rows' {
    const query = this.app.queries.get(id);
    if (!query) return 'none';
    if (this.isSynced(query.map)) return 'map';
    const answered = this.tabs.isLeader ? this.uplink.queries.complete : this.status.now.answered;
    return answered.includes(query.name) ? 'rows' : 'none';
  }

  whenDurable(cb: (error?: TopGunError) => void): void {
    if (this.log.isDurable(this.log.lastSeq)) cb();
    else this.announcer.whenDurable(this.log.lastSeq, cb);
  }

  start(): void {
    this.#isStarted = true;
    if (this.tabs.isLeader) this.#connect();
    else if (this.storeSide.isLoaded) {
      this.tabs.join();
      this.tabs.post({ type: 'control', action: 'start' });
    }
  }

  stop(): void {
    this.#isStarted = false;
    this.storeSide.lockLost();
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
    else if (name === 'read') this.storeSide.read();
    else if (name === 'leader') this.tabs.ping();
    else if (name === 'gap') this.storeSide.fillGap();
    else this.uplink.timer(name);
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
    this.storeSide.flush();
    const queries = [...this.app.queries.all()].map(([id, { map }]) => [id, map, this.answerTo(id)] as const);
    this.announcer.tell(
      {
        keysByMap: this.replica.takeChanges(),
        queries,
        pending: this.log.size,
        isConnected: this.status.now.state === 'CONNECTED',
        isDurable: (seq) => this.log.isDurable(seq),
      },
      (event) => this.#fx.event(event),
    );
  }

  #leaderTick(): void {
    const { scopes, queries, uploader, connection } = this.uplink;
    this.tabs.watch([...this.log.sessions.keys(), ...this.rejections.sessions]);
    for (const session of this.tabs.dead)
      if (this.uplink.endSession(session)) this.store.del(['low', session]);
    uploader.pump();
    if (connection.isUp && scopes.isSettled && queries.isSettled) connection.synced();
    const { offsetMs } = this.clock;
    const news = this.status.progress({ synced: scopes.complete, answered: queries.complete, offsetMs });
    if (news) this.tabs.post(news);
  }

  #applyWants(): void {
    if (!this.storeSide.isLoaded || !(this.app.isChanged || this.#mergeChanged)) return;
    if (this.app.isChanged) this.tabs.setOwn(this.app.wants());
    this.app.isChanged = false;
    this.#mergeChanged = false;
    if (this.tabs.isLeader) this.uplink.want(this.tabs.merged());
  }

  /** The store's client id is known: ops made before get their ids, stamps and bases (CLK-2, ID-1). */
  #identified(id: string): void {
    this.log.clientId = id;
    this.touch();
    // While the store is being read, ops are not there yet; storeRead ends the boot.
    if (this.storeSide.isLoaded) this.#finishBoot();
  }

  #finishBoot(): void {
    if (this.isBooted || this.log.clientId === '') return;
    this.isBooted = true;
    for (const op of this.log.finishDrafts()) this.uplink.refuse(op, 'WRONG_KIND');
  }

  #deliver(topic: string, data: unknown, from: string, ts: number): void {
    if (this.app.topics.has(topic)) this.#emit({ type: 'topic', topic, data, from, ts });
  }

  #emit(event: ClientEvent): void {
    this.announcer.add(event);
    this.touch();
  }
}
