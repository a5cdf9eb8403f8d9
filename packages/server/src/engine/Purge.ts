import { compareStamps } from '@topgun/core';
import type { GcMarks, Offset } from '../storage/Store.js';
import type { Row } from './Row.js';

/** Deletions of one partition that go together with raising its marks (GC-1). */
export interface Purge {
  readonly pid: number;
  readonly gc: GcMarks;
  /** committed deletions, by rising offset: all there are up to the last of them and not purged yet */
  readonly rows: readonly Row[];
}

/** The purge of some rows, by rising offset; undefined of none. */
export function purgeOf(pid: number, rows: readonly Row[]): Purge | undefined {
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  let floor = last;
  for (const row of rows) if (compareStamps(floor.t, floor.node, row.t, row.node) < 0) floor = row;
  const offset: Offset = { epoch: last.epoch, n: last.n };
  return { pid, gc: { floor: { t: floor.t, node: floor.node }, offset }, rows };
}
