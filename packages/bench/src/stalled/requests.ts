export type ReadersRequest =
  | { readonly what: 'connect'; readonly port: number; readonly from: number; readonly count: number }
  | { readonly what: 'run'; readonly milliseconds: number }
  | { readonly what: 'stall' }
  | { readonly what: 'resume' };

/** What a stretch of writes brought to the readers. */
export interface ReadAnswer {
  readonly writes: number;
  /** ms from the send of a write to its delta, over the readers that decode what they get */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** deltas that did not come to those readers */
  readonly missing: number;
}

export interface StallAnswer {
  readonly open: number;
  /** close codes of the others */
  readonly codes: Readonly<Record<string, number>>;
}
