import type { SettledOutcome } from './ports.js';
import type { BaseRow, Offset } from './rows.js';

/** How the server judged one op, for good. */
export interface Verdict {
  readonly outcome: SettledOutcome;
  readonly pid: number;
  readonly at: Offset;
  /** The server's current row, where the answer brings one. */
  readonly row: BaseRow | undefined;
}
