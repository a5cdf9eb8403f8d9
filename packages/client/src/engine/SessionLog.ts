import type { PendingOp } from './PendingOp.js';

/** The pending ops of one session, by seq in rising order, and its low mark: the lowest seq it has not logged (SRV-5). */
export interface SessionLog {
  readonly ops: Map<number, PendingOp>;
  /** Seqs of ops that have ended and that the store may still hold. */
  readonly ending: Set<number>;
  low: number;
}

export const newSessionLog = (): SessionLog => ({ ops: new Map(), ending: new Set(), low: 1 });

/**
 * Lowest seq of a session that is not finally answered, or whose end the store has not taken: a realm that finds it there sends it again.
 * What lies below needs no memory at the server (SRV-5). Of a realm that is gone the log alone decides, for its mark may be lost and nothing
 * below can come any more.
 */
export function settledBelow({ ops, ending, low }: SessionLog, isGone: boolean): number {
  const [first = low] = ops.keys();
  let below = isGone ? first : Math.min(first, low);
  for (const seq of ending) below = Math.min(below, seq);
  return below;
}
