import type { PendingOp } from './PendingOp.js';

/** The pending ops of one session, by seq in rising order, and its low mark: the lowest seq it has not logged (SRV-5). */
export interface SessionLog {
  readonly ops: Map<number, PendingOp>;
  low: number;
}

/**
 * Lowest seq of a session that is not finally answered; what lies below needs no memory at the server (SRV-5). Of a realm
 * that is gone the log alone decides, for its mark may be lost and nothing below can come any more.
 */
export function settledBelow(log: SessionLog, isGone: boolean): number {
  for (const seq of log.ops.keys()) return isGone ? seq : Math.min(seq, log.low);
  return log.low;
}
