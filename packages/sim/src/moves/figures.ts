import type { Sample } from './Mover.js';
import type { Move } from './OwnerWatch.js';

/** A write to a partition is one to a touched key if it began at most so long before the partition was seen to move, or after. */
const BEFORE_MS = 5_000;
const AFTER_MS = 2_000;

/** Latencies of some writes, ms; without any all is 0. */
export interface Figures {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function figuresOf(samples: readonly Sample[]): Figures {
  const sorted = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}

/** Parts writes into those to partitions that moved around that time, and the others. */
export function partByMoves(
  samples: readonly Sample[],
  moves: readonly Move[],
): { readonly touched: readonly Sample[]; readonly others: readonly Sample[] } {
  const timesByPid = new Map<number, number[]>();
  for (const { pid, at } of moves) timesByPid.set(pid, [...(timesByPid.get(pid) ?? []), at]);
  const isTouched = ({ pid, beganAt }: Sample): boolean =>
    timesByPid.get(pid)?.some((at) => beganAt >= at - BEFORE_MS && beganAt <= at + AFTER_MS) ?? false;
  return {
    touched: samples.filter(isTouched),
    others: samples.filter((sample) => !isTouched(sample)),
  };
}
