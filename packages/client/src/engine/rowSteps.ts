import type { ResultRow } from './MapRows.js';

/** One step from a result to the next: the row at `from` is taken out, then `row` is put in at `at`. */
export interface RowStep {
  /** Absent for a row that comes. */
  readonly from: number | undefined;
  /** Absent for a row that goes. */
  readonly at: number | undefined;
  /** The row that comes or goes; of one that changes or moves the new one. */
  readonly row: ResultRow;
}

/** Takes one step in an array of whatever stands for the rows. */
export function step<R>(rows: R[], { from, at }: RowStep, row: R): void {
  if (from !== undefined && from === at) rows[at] = row;
  else {
    if (from !== undefined) rows.splice(from, 1);
    if (at !== undefined) rows.splice(at, 0, row);
  }
}
