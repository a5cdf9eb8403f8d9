import type { TopGunError } from '@topgun/core';
import type { RealmEngine } from '../engine/RealmEngine.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import type { Logger } from '../utils/logger.js';

/** What a gate needs of the client that it stands in. */
export interface GateSurroundings {
  readonly engine: RealmEngine;
  readonly logger: Logger;
  /** Calls back at the end of a turn in which the number of unanswered writes changed. */
  onPending(callback: (count: number) => void): Unsubscribe;
}

/** Decides what becomes of writes while many wait for their answers; made by `backpressure` of `@topgun/client/backpressure`. */
export interface WriteGate {
  /** Called by the client that this is an option of. Throws `OPTION_INVALID` the second time. */
  attach(surroundings: GateSurroundings): void;
  /** Called before a write that adds to the log; what it throws refuses that write, with nothing changed. */
  admit(): void;
  /** Called after each write: when the app may go on, if not at once. */
  admitted(): Promise<void> | undefined;
  close(error: TopGunError): void;
}
