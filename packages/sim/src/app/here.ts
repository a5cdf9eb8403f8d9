import { AsyncLocalStorage } from 'node:async_hooks';
import type { Rng } from '../rng.js';
import type { AppDevice } from './AppDevice.js';
import type { Later } from './Later.js';

/** What the platform knows of a tab. */
export interface TabHere extends Later {
  readonly device: AppDevice;
  readonly rng: Rng;
  /** Runs something in its name, unless it is gone; a frozen one runs it when it thaws. */
  run(work: () => void): void;
}

/** The tab whose code is running, through all that it awaits; none in code of the simulation and of `check`. */
export const here = new AsyncLocalStorage<TabHere>();
