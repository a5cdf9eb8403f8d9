import type { Figures } from './figures.js';

/** What a phase of the run showed. */
export interface Outcome {
  readonly name: string;
  readonly calm: Figures;
  /** writes to partitions that moved, around that time */
  readonly touched: Figures;
  readonly others: Figures;
  /** p99 of the touched ones beyond that of the calm, ms */
  readonly added: number;
  /** partitions whose owner row changed */
  readonly moved: number;
  readonly movesMax?: number;
  /** of which apps were told */
  readonly troubles: number;
  readonly seconds: number;
}

const HEADS = [
  ...['phase', 's', 'moved', 'at most', 'calm writes', 'p50', 'p99'],
  ...['touched writes', 'p50', 'p99', 'max', 'added p99', 'other writes', 'p99', 'max', 'errors'],
];

/** The lines of a table, latencies in ms. */
export function tableOf(outcomes: readonly Outcome[]): string[] {
  const whole = (value: number): string => String(Math.round(value));
  const rows = outcomes.map(({ name, calm, touched, others, added, moved, movesMax, troubles, seconds }) => [
    ...[name, seconds.toFixed(1), whole(moved), movesMax === undefined ? '' : whole(movesMax)],
    ...[calm.count, calm.p50, calm.p99, touched.count, touched.p50, touched.p99, touched.max].map(whole),
    ...[added, others.count, others.p99, others.max, troubles].map(whole),
  ]);
  const widths = HEADS.map((head, at) => Math.max(head.length, ...rows.map((row) => (row[at] ?? '').length)));
  return [HEADS, ...rows].map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
}
