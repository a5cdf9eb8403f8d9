import type { QueryFilter, TopGunError } from '@topgun/core';
import * as LIMITS from '@topgun/protocol/limits';
import type { ConnectionStateChange, StateHistoryEntry } from './AppEvents.js';
import { AppEvents } from './AppEvents.js';
import { setContext } from './clientContext.js';
import type { TopGunClientOptions } from './config/options.js';
import { checkOptions } from './config/options.js';
import type { IConnectionProvider } from './connection/IConnectionProvider.js';
import { providerOf } from './connection/providerOf.js';
import type { Kind, Rejection } from './engine/ports.js';
import type { RealmEngine } from './engine/RealmEngine.js';
import { wrongKind } from './engine/wireErrors.js';
import { ENGINE } from './engineOf.js';
import { clientError } from './errors.js';
import type { EventRoutes } from './eventRoutes.js';
import { dispatch } from './eventRoutes.js';
import type { HandleContext } from './handles/HandleContext.js';
import { LWWMapHandle, type MapWriter } from './handles/LWWMapHandle.js';
import { ORMapHandle } from './handles/ORMapHandle.js';
import { PNCounterHandle } from './handles/PNCounterHandle.js';
import { TopicHandle } from './handles/TopicHandle.js';
import type { WriteGate } from './handles/WriteGate.js';
import { WriteTracker } from './handles/WriteTracker.js';
import { LiveQueries } from './query/LiveQueries.js';
import { QueryHandle } from './query/QueryHandle.js';
import { RejectionDesk } from './RejectionDesk.js';
import { SyncEngine } from './SyncEngine.js';
import type { SyncStateName } from './SyncStateMachine.js';
import type { Unsubscribe } from './utils/Listeners.js';
import type { Logger } from './utils/logger.js';
import { silentLogger } from './utils/logger.js';
import { platformClock, platformRandom } from './utils/platform.js';
import { Timers } from './utils/Timers.js';

type Handle = LWWMapHandle<unknown> | ORMapHandle<unknown> | PNCounterHandle;

interface OpenMap {
  readonly kind: Kind;
  readonly handle: Handle;
}

/**
 * A device's view of the data: reads and writes at once, with no network, and kept in agreement with the server and all other
 * devices in the background.
 *
 * ```ts
 * const client = new TopGunClient({ serverUrl: 'ws://localhost:8080', storage: new IDBAdapter() });
 * const todos = client.getMap<{ title: string; done: boolean }>('todos');
 * todos.set('milk', { title: 'Buy milk', done: false });
 * ```
 *
 * Throws `OPTION_INVALID`. It starts by itself unless `autoStart` is false; `close` ends it for good.
 */
export class TopGunClient {
  readonly #logger: Logger;
  readonly #sync: SyncEngine;
  readonly #engine: RealmEngine;
  readonly #events: AppEvents;
  readonly #rejections: RejectionDesk;
  readonly #queries: LiveQueries;
  readonly #timers = new Timers();
  readonly #context: HandleContext;
  readonly #writes: WriteTracker;
  readonly #gate: WriteGate | undefined;
  readonly #provider: IConnectionProvider;
  readonly #maps = new Map<string, OpenMap>();
  readonly #topics = new Map<string, TopicHandle<unknown>>();
  readonly #closing = new Set<(error: TopGunError) => void>();
  readonly #routes: EventRoutes = {
    ready: () => {
      this.#queries.storeRead();
      this.#events.of('ready').emit(undefined);
    },
    changes: (event) => this.#events.mapsChanged(event),
    query: ({ id }) => this.#queries.changed(id),
    reached: (event) => this.#writes.reached(event),
    settled: (event) => this.#writes.settle(event),
    state: (event) => this.#events.stateChanged(event),
    pending: ({ count }) => this.#events.of('pending').emit(count),
    whole: ({ map }) => this.#events.of(`whole ${map}`).emit(undefined),
    conflicts: () => this.#events.of('conflicts').emit(undefined),
    rejection: ({ rejection }) => this.#rejections.add(rejection),
    topic: ({ message }) => this.#topics.get(message.topic)?.deliver(message),
    role: ({ leader }) => this.#logger.debug({ leader }, 'uploader'),
    token: ({ token }) => this.#keepToken(token),
    loggedOut: () => void this.#leave(),
    error: ({ error }) => this.#events.failed(error),
  };
  /** The app's provider, else one that knows the last token set, here or in another tab. */
  #askToken!: () => Promise<string | null>;
  #closed: Promise<void> | undefined;

  constructor(options: TopGunClientOptions) {
    checkOptions(options);
    const logger = options.logger ?? silentLogger;
    this.#logger = logger;
    this.#keepToken(options.token ?? null);
    this.#provider = providerOf(options);
    this.#events = new AppEvents(logger, platformClock.wallMs);
    this.#sync = new SyncEngine({
      storage: options.storage,
      storeName: options.storeName ?? 'topgun',
      provider: this.#provider,
      timers: this.#timers,
      logger,
      token: () => this.#token(),
      onEvent: (event) => dispatch(this.#routes, event),
      realm: {
        clock: platformClock,
        random: platformRandom,
        server: this.#provider.hasServer,
        backoff: options.backoff,
        answerTimeoutMs: options.answerTimeoutMs,
        durability: options.durability,
        queryPorts: options.regex && { regex: options.regex },
        admit: options.backpressure && (() => options.backpressure?.admit()),
      },
    });
    const { engine } = this.#sync;
    this.#engine = engine;
    this.#rejections = new RejectionDesk(logger, (id) => engine.rejectionShown(id));
    this.#gate = options.backpressure;
    this.#gate?.attach({ engine, logger, onPending: (callback) => this.onPendingOpsChange(callback) });
    this.#writes = new WriteTracker(engine, () => this.flush(), this.#gate);
    this.#queries = new LiveQueries(engine, this.#timers, logger);
    this.#context = {
      engine,
      writes: this.#writes,
      events: this.#events,
      timers: this.#timers,
      logger,
      queries: this.#queries,
      writable: () => {
        this.#assertOpen('write');
        return engine;
      },
      logout: async () => {
        await this.#sync.wipe();
        await this.#leave();
      },
    };
    setContext(this, this.#context);
    if (options.autoStart !== false) this.start();
  }

  get [ENGINE](): RealmEngine {
    return this.#engine;
  }

  /** Opens the store and connects; only needed with `autoStart: false`. */
  start(): void {
    this.#assertOpen('start');
    this.#sync.start();
  }

  /**
   * Waits until every write is logged (at most 5 s), then lets go of store and connection. Nothing of the client can be
   * used afterwards; its data and unsent writes stay in the store.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Leaves `ERROR`, or cuts a pause between attempts short, and connects anew. */
  resetConnection(): void {
    this.#assertOpen('resetConnection');
    this.#engine.reset();
  }

  /**
   * Uses this token from now on, in all tabs and on the live connection too; null goes on without one. It takes the place
   * of a provider, also of those in other tabs. A tab that opens later starts with the token or provider of its own.
   */
  setAuthToken(token: string | null): void {
    this.#keepToken(token);
    this.#engine.setToken(token);
  }

  /** Asks this function for a token before each authentication that this tab makes. A rejection ends that attempt; the next one asks again. */
  setAuthTokenProvider(provider: () => Promise<string | null>): void {
    this.#askToken = provider;
  }

  getConnectionState(): SyncStateName {
    return this.#engine.state();
  }

  onConnectionStateChange(callback: (change: ConnectionStateChange) => void): Unsubscribe {
    return this.#events.of('state').add(callback);
  }

  /** The last states of the connection, newest last; at most 100 are kept. */
  getStateHistory(limit: number = LIMITS.stateHistory): readonly StateHistoryEntry[] {
    return this.#events.history(limit);
  }

  /** Writes on this device, of all tabs, that the server has not answered. */
  getPendingOpsCount(): number {
    return this.#engine.pendingOps();
  }

  onPendingOpsChange(callback: (count: number) => void): Unsubscribe {
    return this.#events.of('pending').add(callback);
  }

  /**
   * Calls back once for each write that the server refused and that was taken back here, in one tab only; also for those
   * refused while no listener was there, or before a reload. A callback that throws gets it again after a restart.
   */
  onRejection(callback: (rejection: Rejection) => void): Unsubscribe {
    return this.#rejections.on(callback);
  }

  /** Calls back when the server refuses the token; sign in again, `setAuthToken`, then `resetConnection`. */
  onAuthError(callback: (error: TopGunError) => void): Unsubscribe {
    return this.#events.of('authError').add(callback);
  }

  /** Calls back with faults of storage and connection that the client goes on after. */
  onError(callback: (error: TopGunError) => void): Unsubscribe {
    return this.#events.of('error').add(callback);
  }

  /** Resolves when what the device held is read: from then on a read that finds nothing means that there is nothing here. */
  whenReady(): Promise<void> {
    return this.#untilClosed('whenReady', (resolve) => {
      if (this.#queries.isStoreRead) resolve();
      else this.#events.of('ready').add(resolve);
    });
  }

  /** Resolves when every write made so far is in the device's log; rejects with the storage's error. */
  flush(): Promise<void> {
    return this.#untilClosed('flush', (resolve, reject) => {
      const { storeError } = this.#sync;
      if (storeError !== undefined) reject(storeError);
      this.#engine.whenDurable((error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Resolves when the connection is `CONNECTED` and every write is answered. Rejects with `NO_SERVER` on a purely local client. */
  whenSynced(): Promise<void> {
    return this.#untilClosed('whenSynced', (resolve, reject) => {
      if (!this.#provider.hasServer)
        reject(clientError('NO_SERVER', 'whenSynced() on a client without server'));
      else this.#engine.whenSynced(resolve);
    });
  }

  /**
   * The map of this name, one value per key; the same handle each time. From here on the device holds the whole map and
   * follows the server, until `closeMap`. Throws `WRONG_KIND` if the name is of another kind.
   */
  getMap<V>(name: string): LWWMapHandle<V> {
    return this.#open(name, 'LWW', (context) => new LWWMapHandle<V>(name, context));
  }

  /**
   * Writes to a map of one value per key without having the device hold it: for use beside queries, which bring the rows
   * they need. The writes throw what those of `getMap` throw, and `WRONG_KIND` if the name is of another kind.
   */
  getMapWriter<V>(name: string): MapWriter<V> {
    return new LWWMapHandle<V>(name, this.#context);
  }

  /**
   * Ends what `getMap`, `getORMap` or `getPNCounter` began: the server is not followed any more. What the device holds stays
   * and grows old, writes go on; handles made before may still be used, and the next `get…` follows again.
   */
  closeMap(name: string): void {
    if (this.#maps.delete(name)) this.#engine.closeMap(name);
  }

  /** The map of this name, a set of values per key; the same handle each time. Throws `WRONG_KIND` if the name is of another kind. */
  getORMap<V>(name: string): ORMapHandle<V> {
    return this.#open(name, 'OR', (context) => new ORMapHandle<V>(name, context));
  }

  /** The counter of this name; the same handle each time. Throws `WRONG_KIND` if the name is of another kind. */
  getPNCounter(name: string): PNCounterHandle {
    return this.#open(name, 'PN', (context) => new PNCounterHandle(name, context));
  }

  /**
   * Rows of a map that match a filter, kept up to date while subscribed to. Equal queries share their work.
   * Throws `PREDICATE_INVALID`, `PREDICATE_OPERATOR_UNKNOWN`, `REGEX_ENGINE_MISSING` or `QUERY_INVALID`.
   */
  query<T>(map: string, filter: QueryFilter<NoInfer<T>> = {}): QueryHandle<T> {
    return new QueryHandle<T>(map, filter, this.#queries);
  }

  /** The topic of this name; the same handle each time. */
  topic<T = unknown>(name: string): TopicHandle<T> {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = new TopicHandle<unknown>(name, this.#context, this.#logger);
      this.#topics.set(name, topic);
    }
    return topic as unknown as TopicHandle<T>;
  }

  /** Root hash of what the server said about a map, equal on two devices when they hold the same; own unanswered writes are not in it. */
  liveRoot(map: string): number {
    return this.#engine.liveRoot(map);
  }

  #open<H extends Handle>(name: string, kind: Kind, make: (context: HandleContext) => H): H {
    const open = this.#maps.get(name);
    if (open?.kind === kind) return open.handle as H;
    if (open !== undefined) throw wrongKind(name, open.kind, kind);
    this.#assertOpen('getMap');
    this.#engine.openMap(name, kind);
    const handle = make(this.#context);
    this.#maps.set(name, { kind, handle });
    return handle;
  }

  #keepToken(token: string | null): void {
    this.#askToken = async () => token;
  }

  /** A token that was set while a provider was thinking is newer than its answer. */
  async #token(): Promise<string | null> {
    const ask = this.#askToken;
    const token = await ask();
    return ask === this.#askToken ? token : this.#token();
  }

  #assertOpen(call: string): void {
    if (this.#closed !== undefined) throw clientError('CLIENT_CLOSED', `${call}() on a closed client`);
  }

  #untilClosed(
    call: string,
    work: (resolve: () => void, reject: (error: TopGunError) => void) => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#assertOpen(call);
      this.#closing.add(reject);
      const settle = (error?: TopGunError): void => {
        this.#closing.delete(reject);
        if (error === undefined) resolve();
        else reject(error);
      };
      work(settle, settle);
    });
  }

  /** The store belongs to nobody any more: nothing of it stays on the screen, and nothing is written. */
  #leave(): Promise<void> {
    if (this.#closed === undefined) {
      this.#sync.hold();
      this.#engine.forget();
      // After this turn, at whose end listeners hear that everything has gone.
      this.#closed = Promise.resolve().then(() => this.#end('The client was logged out'));
      this.#events.of('loggedOut').emit(undefined);
    }
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#sync.flushForClose();
    await this.#end('The client was closed; unanswered writes stay in the log');
  }

  async #end(why: string): Promise<void> {
    const error = clientError('CLIENT_CLOSED', why);
    for (const closed of this.#closing) closed(error);
    this.#writes.close(error);
    this.#gate?.close(error);
    this.#queries.close();
    await this.#sync.close();
  }
}
