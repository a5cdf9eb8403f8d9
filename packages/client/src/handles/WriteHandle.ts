import type { SettledOutcome } from '../engine/ports.js';

/** How the server answered a write. */
export interface Settled {
  /** `applied`, `superseded` (a newer write won), `changed` (stored otherwise than asked), `rejected`, or `coalesced` (replaced by a newer write of this device before it was sent). */
  readonly outcome: SettledOutcome;
  /** Why it was rejected. */
  readonly code?: string;
}

/** One write, already visible on this device. Nothing has to be awaited; promises are made when asked for. */
export interface WriteHandle {
  /** Resolves when the write is in the device's log and survives a crash of the app; rejects with the storage's error. */
  durable(): Promise<void>;
  /** Resolves when the server has stored the write or refused it; rejects with `CLIENT_CLOSED` when the client is closed first. */
  settled(): Promise<Settled>;
}
