import type { Pace } from '../../utils/Pace.js';
import { PartitionState } from '../PartitionState.js';
import type { PackedSlice } from './chunkCodec.js';

/** What slices of one partition, given in commit order, amount to. */
export function mergeSlices(slices: readonly PackedSlice[]): PartitionState {
  const state = new PartitionState();
  // From the last to the first, for then most of what is read has been outlived and is dropped at once.
  for (let at = slices.length - 1; at >= 0; at--) slices[at]?.absorbEarlier(state);
  return state;
}

/** As `mergeSlices`, others having their turn in between. */
export async function mergeSlicesAt(pace: Pace, slices: readonly PackedSlice[]): Promise<PartitionState> {
  const state = new PartitionState();
  for (let at = slices.length - 1; at >= 0; at--) {
    const slice = slices[at];
    slice?.absorbEarlier(state);
    const rest = pace.step(slice?.rows);
    if (rest !== undefined) await rest;
  }
  return state;
}
