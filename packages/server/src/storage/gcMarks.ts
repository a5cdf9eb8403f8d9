import { compareStamps } from '@topgun/core';
import type { GcMarks, Offset } from './Store.js';
import { compareOffsets } from './Store.js';

/** The higher of each mark: marks never go back, in whatever order they come. */
export function mergeGc(a: GcMarks | undefined, b: GcMarks | undefined): GcMarks | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const isLater = compareOffsets(a.offset, b.offset) < 0;
  const isHigher = compareStamps(a.floor.t, a.floor.node, b.floor.t, b.floor.node) < 0;
  const repaired = Math.max(a.repaired ?? 0, b.repaired ?? 0);
  return {
    floor: isHigher ? b.floor : a.floor,
    offset: isLater ? b.offset : a.offset,
    ...(repaired > 0 && { repaired }),
  };
}

/** Whether a mark has come as far as an offset. */
export function reaches(gc: GcMarks | undefined, offset: Offset): boolean {
  return gc !== undefined && compareOffsets(offset, gc.offset) <= 0;
}
