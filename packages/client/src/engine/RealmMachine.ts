import type { TopGunError } from '@topgun/core';
import type { ServerMessage, TopicMsgMessage } from '@topgun/protocol';
import type { StoreKey } from '../storage/IStorageAdapter.js';
import { AppSide } from './AppSide.js';
import type { LocalQuery } from './LocalQuery.js';
import type { Answer } from './MapQueries.js';
import type { ClientEffects, RealmOptions, TabMessage } from './ports.js';
import { Realm } from './Realm.js';
import type { Status } from './StatusBoard.js';
import { StoreSide } from './StoreSide.js';
import { toPublish } from './Topics.js';
import { Uplink } from './Uplink.js';
import { WholeMaps } from './WholeMaps.js';

const NO_CHANGES: ReadonlyMap<string, ReadonlySet<string>> = new Map();

/** The inputs that the shell feeds, and the end of each turn: carries what happens in one part to those it concerns. */
export class RealmMachine {
  /** For what the package offers beside the engine. */
  readonly realm: Realm;
  protected readonly app: AppSide;
  protected readonly uplink: Uplink;
  /** Messages for topics that nobody has been given, the oldest first. */
  protected readonly unsaid: TopicMsgMessage[] = [];
  readonly #store: StoreSide;
  /** What the leader has to tell, each with the transaction that it comes after. */
  readonly #wholeMaps = new WholeMaps();
  #news: (readonly [txId: number, news: Status])[] = [];
  #isStarted = false;
  protected isBooted = false;

  constructor(options: RealmOptions, effects: ClientEffects) {
    this.realm = new Realm(options, effects);
    this.app = new AppSide(this.realm);
    this.uplink = new Uplink(this.realm);
    this.#store = new StoreSide(this.realm, this.app, {
      clientId: (id) => {
        this.realm.log.identify(id);
        this.#identified();
      },
      isInUse: (map) => this.uplink.isInUse(map),
      sessionEnded: (session) => this.uplink.uploader.end(session),
      read: (isFirst) => this.#read(isFirst),
      mayLead: (known) => this.#lead(known),
    });
  }

  /** This realm's id: node id of its clock, and part of the ids of its ops. */
  get session(): string {
    return this.realm.session;
  }

  // ── the store ──

  /** Once, after the store is open and the session's Web Lock is held: reads the store. */
  boot(): void {
    this.#store.read();
  }

  txDone(id: number, commit: number): void {
    this.#store.txDone(id, commit);
    this.#tellNews();
    this.realm.touch();
  }

  txFailed(id: number, error: unknown): void {
    this.#store.txFailed(id, error);
  }

  storeRead(id: number, entries: readonly (readonly [StoreKey, unknown])[], commit: number): void {
    this.#store.readDone(id, entries, commit);
  }

  storeReadFailed(id: number, error: unknown): void {
    this.#store.readFailed(id, error);
  }

  /** The store was lost or evicted; what this realm holds is written to it again. */
  storeLost(reason: string): void {
    this.#store.lost(reason);
  }

  #read(isFirst: boolean): void {
    const { realm } = this;
    this.#finishBoot();
    if (isFirst) {
      this.app.loaded();
      realm.emit({ type: 'ready' });
      realm.tabs.join();
    }
    if (realm.isLeader) this.uplink.resync();
    realm.touch();
  }

  // ── tabs ──

  lockGranted(): void {
    this.#store.lockGranted();
    this.realm.touch();
  }

  lockLost(): void {
    this.#store.lockLost();
    if (this.realm.isLeader) {
      this.#stopLeading();
      this.#store.dropServerWrites();
    }
    this.realm.tabs.follow();
    // The new leader may have asked for wants before this one knew that it was none any more.
    this.app.changed();
    this.#store.read();
  }

  #lead(known: number): void {
    const { log, status, tabs } = this.realm;
    log.assumeSent();
    status.clear();
    tabs.lead(known);
    this.#store.led();
    if (log.clientId === '') {
      this.realm.drawClientId();
      this.#identified();
    }
    // How far this realm has come in its topics.
    this.app.changed();
    this.realm.emit({ type: 'role', leader: true });
    if (this.#isStarted) this.#connect();
  }

  #stopLeading(): void {
    this.uplink.connection.stop();
    this.#news = [];
    for (const scope of this.uplink.scopes.all()) scope.forget();
    this.realm.answered.release();
    for (const map of this.realm.replica.maps.values()) map.forgetServer();
    this.realm.log.assumeSent();
    this.realm.emit({ type: 'role', leader: false });
  }

  /** The realm that had this session is gone. */
  sessionGone(session: string): void {
    this.realm.tabs.gone(session);
    this.realm.touch();
  }

  /** Whether this realm is visible: a visible follower pings the leader and takes over from a silent one. */
  visible(yes: boolean): void {
    this.realm.tabs.visible(yes);
  }

  channel(message: TabMessage): void {
    const { realm } = this;
    const { tabs, isLeader } = realm;
    const { connection, topics } = this.uplink;
    switch (message.type) {
      case 'commit':
        this.#store.told(message.commit, message.puts, message.deletes);
        break;
      case 'leader':
        tabs.heard();
        tabs.setOwn(this.app.wants());
        if (this.#isStarted) tabs.post({ type: 'control', action: 'start' });
        this.#store.expect(message.commit);
        break;
      case 'status':
        tabs.heard();
        if (!isLeader) this.#relayed(message);
        break;
      case 'pong':
        tabs.heard();
        break;
      case 'ping':
        if (isLeader) this.uplink.pinged();
        break;
      case 'wants':
        // Everybody hears them; a new leader asks for them again.
        if (!isLeader) break;
        tabs.setOther(message.from, message.wants);
        // The sender may be new here, and not know how things stand.
        realm.status.repeat();
        break;
      case 'bye':
        tabs.bye(message.from);
        break;
      case 'settled':
        if (message.session === realm.session) this.#store.settled(message);
        break;
      case 'reached':
        realm.log.reached(message.session, message.seq, message.reach);
        break;
      case 'publish':
        if (isLeader) topics.publish(toPublish(message.message));
        realm.deliver(message.message);
        break;
      case 'topic':
        realm.deliver(message.message);
        break;
      case 'control':
        if (!isLeader) break;
        if (message.action === 'start') this.#connect();
        else connection.reset();
        break;
      case 'logout':
        realm.fx.event({ type: 'loggedOut' });
        break;
      case 'token':
        realm.emit({ type: 'token', token: message.token });
        connection.token(message.token);
    }
    realm.touch();
  }

  #relayed(status: Status): void {
    const { realm } = this;
    realm.clock.offsetMs = status.offsetMs;
    const event = realm.status.relayed(status);
    if (event) realm.emit(event);
  }

  // ── the server ──

  socketOpened(): void {
    this.uplink.connection.opened();
  }

  socketMessage(message: ServerMessage): void {
    // A leader that was replaced while it slept must not take in what still arrives.
    if (this.realm.isLeader) this.uplink.message(message);
    this.realm.touch();
  }

  socketClosed(code: number): void {
    this.uplink.connection.closed(code);
  }

  token(value: string | null): void {
    this.uplink.connection.token(value);
  }

  #connect(): void {
    if (this.realm.options.server !== false) this.uplink.connection.start();
  }

  /** Connects as soon as this realm is the leader, or has the leader connect. */
  start(): void {
    const { tabs } = this.realm;
    this.#isStarted = true;
    if (tabs.isLeader) this.#connect();
    else if (this.#store.isLoaded) {
      tabs.join();
      tabs.post({ type: 'control', action: 'start' });
    }
  }

  /** Ends the connection and gives leadership away; reads and writes go on. */
  stop(): void {
    this.#isStarted = false;
    this.#store.lockLost();
    if (this.realm.isLeader) this.#stopLeading();
    this.realm.tabs.leave();
  }

  /** Leaves ERROR, or cuts a pause short, and connects now. */
  reset(): void {
    const { tabs } = this.realm;
    if (tabs.isLeader) this.uplink.connection.reset();
    else tabs.post({ type: 'control', action: 'reset' });
  }

  /** A fresh token for the running connection and for all realms; a new connection asks its shell for one. */
  setToken(token: string | null): void {
    this.realm.tabs.post({ type: 'token', token });
    this.uplink.connection.token(token);
  }

  /** Whether the whole map is here and follows the server. */
  isSynced(map: string): boolean {
    const { isLeader, status } = this.realm;
    return isLeader ? !!this.uplink.scopes.get(map)?.isComplete : status.now.synced.includes(map);
  }

  /** Whether this device holds all of a map: it is synced, or no server is meant to be. */
  isWhole(map: string): boolean {
    return this.realm.options.server === false || this.isSynced(map);
  }

  /** Whether the server's rows of a query are in: with the whole map, or by the query's own answer. */
  protected answerTo({ name, map }: LocalQuery): Answer {
    if (this.isWhole(map)) return 'map';
    const { isLeader, status } = this.realm;
    const isAnswered = isLeader
      ? this.uplink.queries.get(name)?.isComplete
      : status.now.answered.includes(name);
    return isAnswered ? 'rows' : 'none';
  }

  /** Calls back when every write made so far is in the log; with the error when the store refuses them. */
  whenDurable(cb: (error?: TopGunError) => void): void {
    const { log, announcer } = this.realm;
    if (log.isDurable(log.lastSeq)) cb();
    else announcer.whenDurable(log.lastSeq, cb);
  }

  // ── end of a turn ──

  timer(name: string): void {
    if (name === 'tick') return this.#tick();
    const { store, replica, tabs } = this.realm;
    if (name === 'tx') store.resume();
    else if (name === 'expire') replica.expire();
    else if (name === 'read') this.#store.read();
    else if (name === 'load') this.#store.load();
    else if (name === 'leader') tabs.ping();
    else if (name === 'gap') this.#store.fillGap();
    else this.uplink.timer(name);
    this.realm.touch();
  }

  #tick(): void {
    const { replica, log, rejections, conflicts, announcer, status, fx } = this.realm;
    this.realm.ticked();
    if (this.#store.isLoaded) this.#applyWants();
    this.#say();
    if (this.realm.isLeader) this.#leaderTick();
    this.#store.flush();
    rejections.offer();
    conflicts.tell();
    // Told at once when all is there: what an app does with a change may cost as much as the map has entries.
    const { isLoading } = this.#store;
    const changes = isLoading ? NO_CHANGES : replica.takeChanges();
    // What is read from the store is taken in slice by slice as well, so that the first result after it costs no more than later ones.
    if (isLoading) this.app.queries.lookAtAll();
    const queries = isLoading
      ? []
      : this.app.queries.takeConcerned(
          (map) => this.isWhole(map),
          (query) => this.answerTo(query),
        );
    this.#wholeMaps.tell(replica, (map) => this.isWhole(map), announcer);
    announcer.tell(changes, queries, log, status.now.state === 'CONNECTED', (event) => fx.event(event));
  }

  #leaderTick(): void {
    const { tabs, log, rejections, store, status, clock } = this.realm;
    const { scopes, queries, uploader, connection } = this.uplink;
    tabs.watch([...log.sessions.keys(), ...rejections.sessions]);
    for (const session of tabs.dead) if (this.uplink.endSession(session)) store.del(['low', session]);
    uploader.pump();
    if (connection.isUp) this.uplink.noteProven();
    if (connection.isUp && scopes.isSettled && queries.isSettled) connection.synced();
    const { offsetMs } = clock;
    const news = status.progress({ synced: scopes.complete, answered: queries.complete, offsetMs });
    if (news) this.#news.push([store.dueId, news]);
    this.#tellNews();
  }

  /** Other tabs hear that a map is here only when its rows have reached them: after the commit that carries them. */
  #tellNews(): void {
    const { store, tabs } = this.realm;
    for (let [next] = this.#news; next && next[0] <= store.doneId; [next] = this.#news) {
      tabs.post(next[1]);
      this.#news.shift();
    }
  }

  /** A message needs somebody who sends it on: until the first leader shows itself, it waits here. */
  #say(): void {
    const { tabs } = this.realm;
    if (!tabs.knowsLeader) return;
    for (const said of this.unsaid.splice(0)) {
      tabs.post({ type: 'publish', message: said });
      if (tabs.isLeader) this.uplink.topics.publish(toPublish(said));
    }
  }

  #applyWants(): void {
    const { app } = this;
    const { tabs } = this.realm;
    if (app.isChanged) tabs.setOwn(app.wants());
    app.isChanged = false;
    const merged = tabs.takeMerged();
    if (merged && tabs.isLeader) this.uplink.want(merged);
  }

  /** The store's client id is known: ops made before get their ids, stamps and bases (CLK-2, ID-1). */
  #identified(): void {
    this.realm.touch();
    // While the store is being read, ops are not there yet; storeRead ends the boot.
    if (this.#store.isLoaded) this.#finishBoot();
  }

  #finishBoot(): void {
    const { log } = this.realm;
    if (this.isBooted || log.clientId === '') return;
    this.isBooted = true;
    for (const op of log.finishDrafts()) this.uplink.refuse(op, 'WRONG_KIND');
  }
}
