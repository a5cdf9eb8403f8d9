import type { RealmEngine } from '../engine/RealmEngine.js';
import type { Listeners } from '../utils/Listeners.js';
import type { WriteTracker } from './WriteTracker.js';

/** Keys of one map whose visible value changed since the last call. */
export type ChangedKeys = ReadonlySet<string>;

/** What every handle needs of the client that made it. */
export interface HandleContext {
  readonly engine: RealmEngine;
  /** The engine, for a write; throws `CLIENT_CLOSED` when nobody would store it any more. */
  writable(): RealmEngine;
  readonly writes: WriteTracker;
  /** The listeners of one map; called at most once per tick, after the tick's reads would show the change. */
  mapListeners(map: string): Listeners<ChangedKeys>;
}
