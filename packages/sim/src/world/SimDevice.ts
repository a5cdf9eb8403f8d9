import type { RealmEngine } from '@topgun/client/engine';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import { SimDisk } from './SimDisk.js';
import { fairWeather } from './SimNetwork.js';

/** What a device needs of a tab. */
export interface Tab {
  readonly session: string;
  /** Feeds one input, unless the tab is gone. */
  input(feed: (engine: RealmEngine) => void): void;
  /** Feeds one input a little later. */
  soon(feed: (engine: RealmEngine) => void): void;
}

/**
 * One device: a disk, a clock with its own error, and the realms (tabs) that share both, with what a browser gives them to agree:
 * one exclusive uploader lock, a broadcast channel, and the knowledge when a realm is gone.
 */
export class SimDevice<T extends Tab = Tab> {
  readonly name: string;
  readonly disk = new SimDisk();
  readonly realms: T[] = [];
  /** Added to true time, ms. */
  skewMs = 0;
  /** The clock moves in steps of this many ms: coarse clocks make equal stamps. */
  clockStepMs = 1;
  /** While set, the clock stands still. */
  stoppedAtMs: number | undefined;
  /** Reaches the server at all. */
  online = true;
  readonly weather = fairWeather();
  /** Tokens live this long from when they are asked for, by the true time. */
  tokenLifeMs = Number.POSITIVE_INFINITY;
  /** The next rejection is shown by a tab that dies of it. */
  diesShowing = false;
  /** Told when a lock is stolen. */
  stolen: ((from: T) => void) | undefined;
  readonly #scheduler: Scheduler;
  /** Chance of everything on this device. */
  readonly rng: Rng;
  #holder: T | undefined;
  #waiting: T[] = [];
  #watchers: { readonly session: string; readonly realm: T }[] = [];

  constructor(name: string, scheduler: Scheduler, rng: Rng) {
    this.name = name;
    this.#scheduler = scheduler;
    this.rng = rng;
  }

  /** Who may upload; for assertions. */
  get holder(): T | undefined {
    return this.#holder;
  }

  /** What this device takes the time to be. */
  wallMs(trueWallMs: number): number {
    if (this.stoppedAtMs !== undefined) return this.stoppedAtMs;
    return Math.floor((trueWallMs + this.skewMs) / this.clockStepMs) * this.clockStepMs;
  }

  acquire(realm: T, steal: boolean): void {
    if (this.#holder === realm) return;
    if (steal && this.#holder !== undefined) {
      const robbed = this.#holder;
      this.stolen?.(robbed);
      this.#holder = undefined;
      robbed.soon((engine) => engine.lockLost());
    }
    this.#waiting = this.#waiting.filter((other) => other !== realm);
    if (steal) this.#waiting.unshift(realm);
    else this.#waiting.push(realm);
    this.#grant();
  }

  release(realm: T): void {
    this.#waiting = this.#waiting.filter((other) => other !== realm);
    if (this.#holder !== realm) return;
    this.#holder = undefined;
    this.#grant();
  }

  watch(session: string, realm: T): void {
    if (this.realms.some((other) => other.session === session)) this.#watchers.push({ session, realm });
    else realm.soon((engine) => engine.sessionGone(session));
  }

  broadcast(from: T, message: unknown): void {
    for (const realm of this.realms) {
      if (realm === from) continue;
      const copy = structuredClone(message);
      realm.soon((engine) => engine.channel(copy as Parameters<typeof engine.channel>[0]));
    }
  }

  /** The realm is gone: its locks fall free and those who watch it are told. */
  left(realm: T): void {
    const at = this.realms.indexOf(realm);
    if (at >= 0) this.realms.splice(at, 1);
    this.#watchers = this.#watchers.filter((watcher) => {
      if (watcher.realm === realm) return false;
      if (watcher.session !== realm.session) return true;
      watcher.realm.soon((engine) => engine.sessionGone(realm.session));
      return false;
    });
    this.release(realm);
  }

  #grant(): void {
    if (this.#holder !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#holder = next;
    this.#scheduler.after(this.rng.int(0, 3), () => {
      if (this.#holder === next) next.input((engine) => engine.lockGranted());
    });
  }
}
