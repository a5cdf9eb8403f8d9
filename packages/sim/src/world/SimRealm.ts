import type { ClientEffects, ClientEvent, RealmOptions, StoreTx } from '@topgun/client/engine';
import { RealmEngine } from '@topgun/client/engine';
import { storageError } from '@topgun/client/internal/storage/storageErrors';
import type { QuerySpec } from '@topgun/core';
import type { DeviceMessage } from '@topgun/protocol';
import { CLOSE_CODE } from '@topgun/protocol';
import { decodeTurn, encode } from '@topgun/protocol/device';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import { NOTES, QUESTIONS } from '../workload/maps.js';
import type { RealmDevice } from './RealmDevice.js';
import type { Link, SimNetwork } from './SimNetwork.js';
import { simToken } from './tokens.js';

/** What a realm needs of the world around it. */
export interface RealmWorld {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  /** Virtual time as a wall clock without error, ms since the epoch. */
  trueWallMs(): number;
  /** Hands the server end of a fresh link to the node; false when nobody listens. */
  accept(link: Link): boolean;
  onEvent(realm: SimRealm, event: ClientEvent): void;
}

/** A device with the tabs of this simulation. */
export type Device = RealmDevice<SimRealm>;

/** One tab: the shipped engine, with every effect performed by the world. */
export class SimRealm {
  /** Where a realm's ids come from; replaced only to plant a bug. */
  static randomFor =
    (_device: Device, rng: Rng): (() => number) =>
    (): number =>
      rng.u32();

  readonly device: Device;
  readonly engine: RealmEngine;
  alive = true;
  /** The questions this realm has open, by their number. */
  readonly questions = new Set<number>();
  readonly #world: RealmWorld;
  readonly #rng: Rng;
  readonly #timers = new Map<string, number>();
  #timerSeq = 0;
  /** While frozen: what waits to come in. */
  #frozen: ((engine: RealmEngine) => void)[] | undefined;
  /** Counts how often the store went away: transactions of an earlier life are undone. */
  #lifeOfStore = 0;
  #link: Link | undefined;

  constructor(device: Device, world: RealmWorld, rng: Rng, options: Partial<RealmOptions> = {}) {
    this.device = device;
    this.#world = world;
    this.#rng = rng;
    this.engine = new RealmEngine(
      {
        clock: { wallMs: () => device.wallMs(world.trueWallMs()), monoMs: () => world.scheduler.nowMs },
        random: SimRealm.randomFor(device, rng),
        // Longer than a server is ever taken back, and a silence of 15 s may count as connected: so nothing answered may be lost.
        answeredMs: 30_000,
        backoff: { baseMs: 200, capMs: 2000 },
        ...options,
      },
      this.#effects(),
    );
    device.realms.push(this);
    this.input((engine) => engine.visible(true));
    this.input((engine) => engine.boot());
    this.input((engine) => engine.start());
  }

  get session(): string {
    return this.engine.session;
  }

  /** Feeds one input, unless the realm is gone; a frozen one takes it in when it thaws. */
  input(feed: (engine: RealmEngine) => void): void {
    if (!this.alive) return;
    if (this.#frozen === undefined) feed(this.engine);
    else this.#frozen.push(feed);
  }

  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** The tab is hidden and nothing of it runs. */
  freeze(): void {
    if (this.#frozen !== undefined) return;
    this.input((engine) => engine.visible(false));
    this.#frozen = [];
  }

  /** It is looked at again: everything that came meanwhile comes at once. */
  thaw(): void {
    const waiting = this.#frozen ?? [];
    this.#frozen = undefined;
    for (const feed of waiting) this.input(feed);
    this.input((engine) => engine.visible(true));
  }

  /** The store closes under the tab: transactions under way are undone, and the tab is told. */
  loseStore(reason: string): void {
    this.#lifeOfStore++;
    this.input((engine) => engine.storeLost(reason));
  }

  /** Feeds one input a little later. */
  soon(feed: (engine: RealmEngine) => void): void {
    this.#world.scheduler.after(this.#rng.int(0, 3), () => this.input(feed), true);
  }

  /** Opens a question, or closes it when it is open. */
  ask(question: number): void {
    this.input((engine) => {
      if (this.questions.delete(question)) engine.closeQuery(`q${question}`);
      else {
        this.questions.add(question);
        engine.openQuery(`q${question}`, NOTES, QUESTIONS[question] as QuerySpec);
      }
    });
  }

  /** The tab is gone without a word. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.#link?.abandon('client');
    this.device.left(this);
  }

  /** Whether its socket, if there is one, has behaved like a stream so far. */
  get isLinkSound(): boolean {
    return this.#link?.isDisordered !== true;
  }

  /** Breaks the socket, if there is one. */
  cut(isHalfOpen: boolean): void {
    if (this.#link !== undefined && isHalfOpen) this.#link.halfOpen = true;
    else this.#link?.reset();
  }

  renewToken(): void {
    this.input((engine) => engine.setToken(this.freshToken()));
  }

  #effects(): ClientEffects {
    const { scheduler } = this.#world;
    const { device } = this;
    return {
      tx: (id, batch) => this.#tx(id, structuredClone(batch)),
      readStore: (id, prefix) => {
        scheduler.after(this.#rng.int(0, 4), () => {
          const entries = device.disk.entries(prefix);
          const { commitNumber } = device.disk;
          this.input((engine) => engine.storeRead(id, entries, commitNumber));
        });
      },
      acquireLock: (steal) => device.acquire(this, steal),
      releaseLock: () => device.release(this),
      watchSession: (session) => device.watch(session, this),
      post: (message) => device.broadcast(this, message),
      connect: () => this.#connect(),
      disconnect: (code) => {
        const link = this.#link;
        this.#link = undefined;
        link?.close('client', code);
      },
      send: (message: DeviceMessage) => this.#link?.send('server', encode(message)),
      requestToken: () => this.soon((engine) => engine.token(this.freshToken())),
      arm: (timer, delayMs) => this.#arm(timer, delayMs),
      cancel: (timer) => {
        this.#timers.delete(timer);
      },
      event: (event) => this.#world.onEvent(this, event),
    };
  }

  /** A token that lives as long as tokens of this device do at the moment. */
  freshToken(): string {
    const { name, tokenLifeMs } = this.device;
    return simToken(name, this.#world.trueWallMs() + tokenLifeMs);
  }

  #tx(id: number, batch: StoreTx): void {
    const { scheduler } = this.#world;
    const { disk } = this.device;
    const life = this.#lifeOfStore;
    scheduler.after(this.#rng.int(0, 4), () => {
      // What a frozen or closing tab asked for before goes through all the same.
      if (!this.alive) return;
      if (life !== this.#lifeOfStore) {
        const lost = storageError('STORAGE_LOST', 'The simulated store went away in mid-transaction');
        this.input((engine) => engine.txFailed(id, lost));
      } else if (!disk.hasRoomFor(batch)) {
        this.#world.network.count('refused by a full disk');
        const full = storageError('STORAGE_FULL', 'The simulated disk is full');
        this.input((engine) => engine.txFailed(id, full));
      } else {
        const commit = disk.commit(batch, scheduler.nowMs);
        this.input((engine) => engine.txDone(id, commit));
      }
    });
  }

  #arm(timer: string, delayMs: number): void {
    const token = ++this.#timerSeq;
    this.#timers.set(timer, token);
    this.#world.scheduler.after(
      delayMs,
      () => {
        if (this.#timers.get(timer) !== token) return;
        this.#timers.delete(timer);
        this.input((engine) => engine.timer(timer));
      },
      delayMs === 0,
    );
  }

  #connect(): void {
    const { scheduler, network } = this.#world;
    const link = network.dial(this.#rng.fork(), this.device.weather);
    this.#link = link;
    const lost = (code: number): void => {
      if (this.#link !== link) return;
      this.#link = undefined;
      this.input((engine) => engine.socketClosed(code));
    };
    link.attach('client', {
      frame: (bytes) => {
        if (this.#link !== link) return;
        for (const decoded of decodeTurn(bytes)) {
          if (decoded.ok) this.input((engine) => engine.socketMessage(decoded.message));
          else if (link.isCorrupted) {
            link.close('client', CLOSE_CODE.BAD_FRAME);
            return lost(CLOSE_CODE.BAD_FRAME);
          } else
            throw new Error(
              `A device refused a frame of the server: ${decoded.code} at ${decoded.path ?? '?'}`,
            );
        }
      },
      closed: lost,
    });
    scheduler.after(this.#rng.int(1, 10), () => {
      if (!this.alive || this.#link !== link) return;
      if (!this.device.online || !this.#world.accept(link)) {
        network.links.delete(link);
        link.open = false;
        lost(1006);
        return;
      }
      this.input((engine) => engine.socketOpened());
    });
  }
}
