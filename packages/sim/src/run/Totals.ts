import type { SimResult } from '../simulate.js';

/** A seed that failed, and how. */
export interface FailedSeed {
  readonly seed: number;
  readonly failures: readonly string[];
}

/** What many runs came to. Plain data, so that it can be sent between processes. */
export interface Totals {
  seeds: number;
  readonly counts: Record<string, number>;
  readonly failed: FailedSeed[];
  /** Digests of the runs that another process repeats, by seed. */
  readonly traces: Record<number, number>;
}

/** One seed in this many is run again in another process under another time zone, and must take the same course. */
export const REPEAT_EVERY = 50;

export const noTotals = (): Totals => ({ seeds: 0, counts: {}, failed: [], traces: {} });

export function addResult(totals: Totals, result: SimResult): void {
  totals.seeds++;
  for (const [name, count] of result.counts) totals.counts[name] = (totals.counts[name] ?? 0) + count;
  if (result.failures.length > 0) totals.failed.push({ seed: result.seed, failures: result.failures });
  if (result.seed % REPEAT_EVERY === 0) totals.traces[result.seed] = result.trace;
}

export function addTotals(to: Totals, more: Totals): void {
  to.seeds += more.seeds;
  for (const [name, count] of Object.entries(more.counts)) to.counts[name] = (to.counts[name] ?? 0) + count;
  to.failed.push(...more.failed);
  Object.assign(to.traces, more.traces);
}
