import { storageError } from '@topgun/client';
import type { ClientEffects, ClientEvent, RealmOptions } from '@topgun/client/engine';
import { RealmEngine } from '@topgun/client/engine';
import type { QuerySpec } from '@topgun/core';
import type { ClientMessage } from '@topgun/protocol';
import { decodeTurn, encode } from '@topgun/protocol/device';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import { NOTES, QUESTIONS } from '../workload/maps.js';
import type { SimDevice } from './SimDevice.js';
import type { Link, SimNetwork } from './SimNetwork.js';

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
export type Device = SimDevice<SimRealm>;

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
  #link: Link | undefined;

  constructor(device: Device, world: RealmWorld, rng: Rng, options: Partial<RealmOptions> = {}) {
    this.device = device;
    this.#world = world;
    this.#rng = rng;
    this.engine = new RealmEngine(
      {
        clock: { wallMs: () => device.wallMs(world.trueWallMs()), monoMs: () => world.scheduler.nowMs },
        random: SimRealm.randomFor(device, rng),
        backoff: { baseMs: 200, capMs: 2000 },
        ...options,
      },
      this.#effects(),
    );
    device.realms.push(this);
    this.input((engine) => engine.boot());
    this.input((engine) => engine.start());
  }

  get session(): string {
    return this.engine.session;
  }

  /** Feeds one input, unless the realm is gone. */
  input(feed: (engine: RealmEngine) => void): void {
    if (this.alive) feed(this.engine);
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
  cut(halfOpen: boolean): boolean {
    if (this.#link === undefined) return false;
    if (halfOpen) this.#link.halfOpen = true;
    else this.#link.reset();
    return true;
  }

  #effects(): ClientEffects {
    const { scheduler } = this.#world;
    const { device } = this;
    return {
      tx: (id, batch) => {
        const copy = structuredClone(batch);
        scheduler.after(this.#rng.int(0, 4), () => {
          if (!this.alive) return;
          if (!device.disk.hasRoomFor(copy)) {
            this.#world.network.count('refused by a full disk');
            this.engine.txFailed(id, storageError('STORAGE_FULL', 'The disk is full'));
            return;
          }
          const commit = device.disk.commit(copy, scheduler.nowMs);
          this.engine.txDone(id, commit);
        });
      },
      readStore: (id, prefix) => {
        scheduler.after(this.#rng.int(0, 4), () => {
          if (this.alive) this.engine.storeRead(id, device.disk.entries(prefix), device.disk.commitNumber);
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
      send: (message: ClientMessage) => this.#link?.send('server', encode(message)),
      requestToken: () => this.soon((engine) => engine.token(`token:${device.name}`)),
      arm: (timer, delayMs) => this.#arm(timer, delayMs),
      cancel: (timer) => {
        this.#timers.delete(timer);
      },
      event: (event) => this.#world.onEvent(this, event),
    };
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
    const link = network.dial();
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
          if (!decoded.ok)
            throw new Error(
              `A device refused a frame of the server: ${decoded.code} at ${decoded.path ?? '?'}`,
            );
          this.input((engine) => engine.socketMessage(decoded.message));
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
      this.engine.socketOpened();
    });
  }
}
