import { compareStamps, packTime } from '@topgun/core';
import type { GcMarks, Offset } from '../storage/Store.js';
import type { Row } from './Row.js';

/** Deletions of one partition that go together with raising its marks (GC-1). */
export interface Purge {
  readonly pid: number;
  readonly gc: GcMarks;
  /** committed deletions, by rising offset: all there are up to the last of them and not purged yet */
  readonly rows: readonly Row[];
}

/**
 * The purge of some rows, by rising offset; undefined of none. A deletion stamped in the future raises the floor no
 * higher than now: whatever was written before this moment still counts as old, and nothing else for years (CLK-7).
 */
export function purgeOf(pid: number, rows: readonly Row[], now: number): Purge | undefined {
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  let floor = last;
  let repaired = 0;
  for (const row of rows) {
    if (compareStamps(floor.t, floor.node, row.t, row.node) < 0) floor = row;
    if (row.repaired !== undefined) repaired = Math.max(repaired, row.repaired);
  }
  const offset: Offset = { epoch: last.epoch, n: last.n };
  const marks = { floor: { t: Math.min(floor.t, packTime(now, 0)), node: floor.node }, offset };
  return { pid, gc: repaired > 0 ? { ...marks, repaired } : marks, rows };
}
