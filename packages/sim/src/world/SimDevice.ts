import type { Rng } from '../rng.js';
import { SimDisk } from './SimDisk.js';
import { fairWeather } from './SimNetwork.js';

/** One start of an app on a device: a tab of a browser. What faults do to it. */
export interface Tab {
  readonly alive: boolean;
  readonly isFrozen: boolean;
  /** The tab is gone without a word. */
  kill(): void;
  /** Nothing of it runs until it thaws. */
  freeze(): void;
  /** Everything that came meanwhile comes at once. */
  thaw(): void;
  /** Breaks the socket, if there is one. */
  cut(isHalfOpen: boolean): void;
  /** The store closes under the tab: transactions under way are undone, and the tab is told. */
  loseStore(reason: string): void;
  /** The app hands its client a token that lives as long as tokens of the device do at the moment. */
  renewToken(): void;
}

/** One device: a disk, a clock with its own error, a way to the server, and the tabs that share them. */
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
  /** Chance of everything on this device. */
  readonly rng: Rng;

  constructor(name: string, rng: Rng) {
    this.name = name;
    this.rng = rng;
  }

  /** What this device takes the time to be. */
  wallMs(trueWallMs: number): number {
    if (this.stoppedAtMs !== undefined) return this.stoppedAtMs;
    return Math.floor((trueWallMs + this.skewMs) / this.clockStepMs) * this.clockStepMs;
  }

  /** A tab is gone. */
  left(tab: T): void {
    const at = this.realms.indexOf(tab);
    if (at >= 0) this.realms.splice(at, 1);
  }
}
