import type { SettledOutcome } from './ports.js';
import type { BaseRow, Offset } from './rows.js';

/** How the server judged one op, for good. */
export interface Verdict {
  readonly outcome: SettledOutcome;
  /** False on a map that the server keeps in memory alone: that is as far as a write gets there (SRV-10). */
  readonly isPersisted: boolean;
  readonly pid: number;
  readonly at: Offset;
  /** The server's current row, where the answer brings one. */
  readonly row: BaseRow | undefined;
}
