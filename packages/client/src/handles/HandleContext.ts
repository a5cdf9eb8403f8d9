import type { AppEvents } from '../AppEvents.js';
import type { RealmEngine } from '../engine/RealmEngine.js';
import type { LiveQueries } from '../query/LiveQueries.js';
import type { Logger } from '../utils/logger.js';
import type { Timers } from '../utils/Timers.js';
import type { WriteTracker } from './WriteTracker.js';

/** What every handle needs of the client that made it. */
export interface HandleContext {
  readonly engine: RealmEngine;
  /** The engine, for a write; throws `CLIENT_CLOSED` when nobody would store it any more. */
  writable(): RealmEngine;
  readonly writes: WriteTracker;
  readonly events: AppEvents;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly queries: LiveQueries;
  /** Wipes the store for all tabs, drops what is shown, and closes the client. Rejects with the storage's error, and nothing has changed then. */
  logout(): Promise<void>;
}
