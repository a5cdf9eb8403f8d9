import type { TopGunError } from '@topgun/core';
import type { DeviceMessage } from '@topgun/protocol';
import * as CLOSE_CODE from '@topgun/protocol/closeCodes';
import { decodeTurn, encode } from '@topgun/protocol/device';
import * as LIMITS from '@topgun/protocol/limits';
import type { IConnectionProvider } from './connection/IConnectionProvider.js';
import type { ClientEffects, ClientEvent, RealmOptions, TabMessage } from './engine/ports.js';
import { RealmEngine } from './engine/RealmEngine.js';
import { randomId } from './engine/randomId.js';
import { wireError } from './engine/wireErrors.js';
import { clientError, toTopGunError } from './errors.js';
import type { IStorageAdapter, StoreKey, StoreTx } from './storage/IStorageAdapter.js';
import { LIFE_KEY, StoreLife } from './storage/StoreLife.js';
import type { Tabs } from './tabs/openTabs.js';
import { openTabs } from './tabs/openTabs.js';
import type { RealmChannel } from './tabs/RealmChannel.js';
import type { Release } from './tabs/RealmLocks.js';
import { whenFree } from './tabs/RealmLocks.js';
import type { Unsubscribe } from './utils/Listeners.js';
import type { Logger } from './utils/logger.js';
import type { Timers } from './utils/Timers.js';
import { watchNetwork } from './utils/watchNetwork.js';
import { watchVisibility } from './utils/watchVisibility.js';

/** A session is 64 random bits: nobody else takes its lock. */
const ignoreLoss = (): void => undefined;

/** A message, and the life of the store that its sender knows. */
type LivingMessage = TabMessage & { readonly life: string };

export interface SyncEngineOptions {
  readonly storage: IStorageAdapter;
  readonly storeName: string;
  readonly provider: IConnectionProvider;
  readonly realm: RealmOptions;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Asked for a token before each authentication; null for none. */
  readonly token: () => Promise<string | null>;
  readonly onEvent: (event: ClientEvent) => void;
  /** Default: what the platform offers. */
  readonly tabs?: Tabs;
}

/**
 * The shell around `RealmEngine`: performs its effects with a real storage, connection, timers, locks and channel, and feeds
 * their completions back. It decides nothing but what a failure of the platform is reported as.
 */
export class SyncEngine implements ClientEffects {
  readonly engine: RealmEngine;
  readonly #options: SyncEngineOptions;
  readonly #tabs: Tabs;
  readonly #endings: Unsubscribe[] = [];
  readonly #watches = new Map<string, Release>();
  #channel: RealmChannel<LivingMessage> | undefined;
  #uploaderLock: Release | undefined;
  #sessionLock: Release | undefined;
  #state: 'new' | 'started' | 'booted' | 'closed' = 'new';
  /** Counts requests for a token, so that a late answer to an old one is not taken for the answer to this one. */
  #tokenRequests = 0;
  #storeError: TopGunError | undefined;
  readonly #life = new StoreLife();
  /** While the store is being wiped: what it is asked for meanwhile. */
  #held: (() => void)[] | undefined;
  /** Messages that came, or were to go, before it was known which life this is. */
  readonly #early: LivingMessage[] = [];
  readonly #unsaid: TabMessage[] = [];

  constructor(options: SyncEngineOptions) {
    this.#options = options;
    this.#tabs = options.tabs ?? openTabs(options.logger);
    this.engine = new RealmEngine(options.realm, this);
  }

  /** Opens the store and starts to sync. A store that cannot be opened is reported and tried again until it can, or `close`. */
  start(): void {
    if (this.#state !== 'new') {
      if (this.#state === 'booted') this.engine.start();
      return;
    }
    this.#state = 'started';
    const { provider, storage, storeName } = this.#options;
    this.#endings.push(
      provider.on('connected', () => this.#feed(() => this.engine.socketOpened())),
      provider.on('disconnected', (end) => {
        this.#options.logger.debug(end, 'disconnected');
        this.#feed(() => {
          this.engine.socketClosed(end.code);
          if (end.elsewhere) this.#retryNow();
        });
      }),
      provider.on('message', (frame) => this.#feed(() => this.#receive(frame))),
      watchVisibility((visible) => this.#feed(() => this.engine.visible(visible))),
      // Without this hint a dead socket shows only when heartbeats stay unanswered, 15 s later.
      watchNetwork((online) =>
        online ? this.#feed(() => this.#retryNow()) : provider.close(CLOSE_CODE.GOING_AWAY),
      ),
    );
    this.#channel = this.#tabs.openChannel<LivingMessage>(this.#name('channel'), (message) =>
      this.#feed(() => this.#hear(message)),
    );
    storage.onLost((reason) => {
      this.#options.logger.warn({ store: storeName, reason }, 'the store was lost');
      this.#feed(() => this.engine.storeLost(reason));
    });
    this.#openStore();
  }

  /** Why the store is not open, while it could not be opened. */
  get storeError(): TopGunError | undefined {
    return this.#storeError;
  }

  /** Waits until all writes are logged, but not for ever: a store that does not answer must not keep an app from ending. */
  flushForClose(): Promise<void> {
    if (this.#state === 'new' || this.#storeError !== undefined) return Promise.resolve();
    const { timers, logger } = this.#options;
    return new Promise((resolve) => {
      const end = (error?: TopGunError): void => {
        timers.cancel('last flush');
        if (error !== undefined) logger.error({ error }, 'the last writes were not logged');
        resolve();
      };
      timers.arm('last flush', LIMITS.closeFlushMs, () =>
        end(clientError('CLIENT_CLOSED', 'The store did not take the last writes in time')),
      );
      this.engine.whenDurable(end);
    });
  }

  /** Lets go of everything; writes that were not logged yet are lost, so `flushForClose` comes first. */
  async close(): Promise<void> {
    const { provider, storage, timers } = this.#options;
    this.engine.stop();
    // The end of this turn, in which the engine tells what stopping has changed.
    await Promise.resolve();
    this.#state = 'closed';
    for (const end of this.#endings) end();
    timers.cancelAll();
    provider.close();
    this.#channel?.close();
    this.#uploaderLock?.();
    for (const release of this.#watches.values()) release();
    await storage.close();
    // Last: while it is held, nobody takes this realm's log for complete.
    this.#sessionLock?.();
  }

  // ── effects ──

  tx(id: number, batch: StoreTx): void {
    this.#useStore(
      (storage) => storage.tx(this.#life.tx(batch)),
      (commit) => {
        this.#life.named();
        this.engine.txDone(id, commit);
      },
      (error) => this.engine.txFailed(id, error),
    );
  }

  readStore(id: number, prefix: StoreKey): void {
    const entries: (readonly [StoreKey, unknown])[] = [];
    this.#useStore(
      (storage) => storage.iterate(prefix, (key, value) => entries.push([key, value])),
      (commit) => this.#read(id, entries, commit),
      (error) => this.engine.storeReadFailed(id, error),
    );
  }

  acquireLock(steal: boolean): void {
    this.#uploaderLock?.();
    this.#uploaderLock = this.#tabs.locks.acquire(
      this.#name('uploader'),
      steal,
      () => this.#feed(() => this.engine.lockGranted()),
      () => this.#feed(() => this.engine.lockLost()),
    );
  }

  releaseLock(): void {
    this.#uploaderLock?.();
    this.#uploaderLock = undefined;
  }

  watchSession(session: string): void {
    if (this.#watches.has(session)) return;
    const release = whenFree(this.#tabs.locks, this.#name(`session:${session}`), () => {
      this.#watches.delete(session);
      this.#feed(() => this.engine.sessionGone(session));
    });
    this.#watches.set(session, release);
  }

  post(message: TabMessage): void {
    const life = this.#life.id;
    if (life === undefined) this.#unsaid.push(message);
    else this.#channel?.post({ ...message, life });
  }

  connect(): void {
    this.#options.provider.connect();
  }

  /** Cuts a pause between attempts short; ERROR is left to the app. */
  #retryNow(): void {
    if (this.engine.state() === 'BACKOFF') this.engine.reset();
  }

  disconnect(code: number): void {
    this.#options.provider.close(code);
  }

  send(message: DeviceMessage): void {
    this.#options.provider.send(encode(message));
  }

  requestToken(): void {
    const request = ++this.#tokenRequests;
    this.#options.token().then(
      (token) => {
        if (request === this.#tokenRequests) this.#feed(() => this.engine.token(token));
      },
      (cause: unknown) => {
        this.event({
          type: 'error',
          error: clientError('TOKEN_PROVIDER_FAILED', 'The token provider failed', cause),
        });
        // Without a token an attempt is over; the next one asks again after a pause. A connection that lives has one, and is asked again.
        if (request === this.#tokenRequests && this.engine.state() === 'AUTHENTICATING')
          this.#options.provider.close(CLOSE_CODE.GOING_AWAY);
      },
    );
  }

  arm(timer: string, delayMs: number): void {
    this.#options.timers.arm(`engine ${timer}`, delayMs, () => this.#feed(() => this.engine.timer(timer)));
  }

  cancel(timer: string): void {
    this.#options.timers.cancel(`engine ${timer}`);
  }

  event(event: ClientEvent): void {
    this.#options.onEvent(event);
  }

  /** From now on nothing is stored or read. */
  hold(): void {
    this.#held ??= [];
  }

  /**
   * Empties the store and begins another life of it, for all realms; nothing of this realm is stored from then on. Rejects with the
   * storage's error, and everything goes on then.
   */
  async wipe(): Promise<void> {
    const { storage, storeName, realm } = this.#options;
    this.hold();
    try {
      await storage.open(storeName);
      // Somebody else may have logged out, and another user in: that store is not this realm's.
      if (this.#life.isOver(await storage.get(LIFE_KEY))) return;
      await storage.wipe([[LIFE_KEY, randomId(realm.random, 64)]]);
    } catch (error) {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const ask of held) ask();
      throw toTopGunError(error);
    }
    this.#channel?.post({ type: 'logout', from: this.engine.session, life: '' });
  }

  // ── completions ──

  /** A read that finds another life in the store is the end of this one. What others have left behind goes. */
  #read(id: number, entries: readonly (readonly [StoreKey, unknown])[], commit: number): void {
    const isFirst = this.#life.id === undefined;
    const found = this.#life.read(entries);
    if (found === undefined) return this.event({ type: 'loggedOut' });
    this.engine.storeRead(id, found.rows, commit);
    if (!isFirst) return;
    for (const message of this.#unsaid.splice(0)) this.post(message);
    for (const message of this.#early.splice(0)) this.#hear(message);
    const { left } = found;
    if (left.length === 0) return;
    this.#options.storage.tx({ puts: [], deletes: left }).catch((error: unknown) => {
      this.#options.logger.warn({ error }, 'what a tab left behind in the store could not be deleted');
    });
  }

  /** Who lives in another life of the store has nothing to say here. */
  #hear(message: LivingMessage): void {
    if (message.type === 'logout' || message.life === this.#life.id) this.engine.channel(message);
    else if (this.#life.id === undefined) {
      this.#early.push(message);
      this.#early.splice(0, this.#early.length - LIMITS.earlyMessages);
    }
  }

  #openStore(): void {
    const { storage, storeName, timers, logger } = this.#options;
    storage.open(storeName).then(
      () => this.#feed(() => this.#holdSession()),
      (cause: unknown) => {
        if (this.#state === 'closed') return;
        this.#storeError = toTopGunError(cause);
        logger.error({ error: this.#storeError, store: storeName }, 'the store cannot be opened');
        this.event({ type: 'error', error: this.#storeError });
        timers.arm('open store', LIMITS.storeRetryMs, () => this.#openStore());
      },
    );
  }

  /** While the lock named by the session is held, other realms know that this one lives and may still write its log. */
  #holdSession(): void {
    this.#storeError = undefined;
    this.#sessionLock = this.#tabs.locks.acquire(
      this.#name(`session:${this.engine.session}`),
      false,
      () => this.#feed(() => this.#boot()),
      ignoreLoss,
    );
  }

  #boot(): void {
    this.#state = 'booted';
    this.engine.boot();
    this.engine.start();
  }

  /** What the server sent in one turn is one input to the engine: its own turn ends after all of it (RES-6). */
  #receive(turn: Uint8Array): void {
    for (const decoded of decodeTurn(turn)) {
      if (decoded.ok) {
        this.engine.socketMessage(decoded.message);
        continue;
      }
      const { code, path } = decoded;
      const error = wireError(code, 'The server sent a frame that this client cannot read', path);
      this.#options.logger.error({ error }, 'unreadable frame');
      this.event({ type: 'error', error });
      if (code === 'BAD_FRAME') this.#options.provider.close(CLOSE_CODE.BAD_FRAME);
    }
  }

  /** `open` returns at once when the store is open, and brings it back when it was lost. */
  #useStore(
    work: (storage: IStorageAdapter) => Promise<number>,
    done: (commit: number) => void,
    failed: (error: unknown) => void,
  ): void {
    if (this.#state === 'closed') return;
    if (this.#held) {
      this.#held.push(() => this.#useStore(work, done, failed));
      return;
    }
    const { storage, storeName } = this.#options;
    storage
      .open(storeName)
      .then(() => work(storage))
      .then(
        (commit) => this.#feed(() => done(commit)),
        (error: unknown) => this.#feed(() => failed(error)),
      );
  }

  /** Completions that come after `close` are nobody's. */
  #feed(input: () => void): void {
    if (this.#state !== 'closed') input();
  }

  #name(part: string): string {
    return `topgun:${this.#options.storeName}:${part}`;
  }
}
