import type { Sharing } from './workload.js';

export type SubscribersRequest =
  | { readonly what: 'connect'; readonly port: number }
  | { readonly what: 'seed' }
  | { readonly what: 'subscribe'; readonly sharing: Sharing }
  | { readonly what: 'run'; readonly writesPerSecond: number; readonly milliseconds: number };

/** What one run of writes brought. */
export interface DeltasAnswer {
  readonly writes: number;
  /** rows that came in or changed; LEAVE is not counted */
  readonly deltas: number;
  /** deltas that never came, and rows that a subscriber holds and should not, or holds not and should */
  readonly missing: number;
  readonly wrongRows: number;
  /** ms from the send of the write to the read of the delta, in one process */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly seconds: number;
  /** CPU seconds of the load generator */
  readonly cpuSeconds: number;
}
