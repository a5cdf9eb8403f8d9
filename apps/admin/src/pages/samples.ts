import type { Metric } from '../api/answers.js';

/** What the charts are drawn from, at one moment. Totals only grow; rates are made of two of them. */
export type Sample = {
  readonly atMs: number;
  readonly ops: Readonly<Record<string, number>>;
  readonly refused: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly commitSeconds: number;
  readonly commits: number;
  readonly connections: number;
  readonly loopMs: number;
  readonly records: number;
  readonly memoryBytes: number;
};

/** The last minutes, the oldest first. */
export type Samples = readonly Sample[];

export const NO_SAMPLES: Samples = [];

/** 5 minutes at one in 2 s. */
const KEPT = 150;

export const addSample = (samples: Samples, sample: Sample): Samples => [...samples.slice(1 - KEPT), sample];

/** Reads what is drawn out of all metrics; what a server does not export is 0. */
export function readSample(metrics: readonly Metric[], atMs: number): Sample {
  const byName = new Map(metrics.map((metric) => [metric.name, metric]));
  const values = (name: string): Metric['values'] => byName.get(name)?.values ?? [];
  const sum = (name: string): number => values(name).reduce((total, { value }) => total + value, 0);
  const labelled = (name: string, label: string, wanted: string): number =>
    values(name).find(({ labels }) => labels[label] === wanted)?.value ?? 0;
  const part = (name: string, suffix: string): number =>
    values(name)
      .filter(({ metricName }) => metricName === `${name}_${suffix}`)
      .reduce((total, { value }) => total + value, 0);
  const ops: Record<string, number> = {};
  for (const { value, labels } of values('topgun_ops_total')) ops[String(labels.outcome)] = value;
  return {
    atMs,
    ops,
    refused: sum('topgun_rejected_total'),
    bytesIn: labelled('topgun_bytes_total', 'direction', 'in'),
    bytesOut: labelled('topgun_bytes_total', 'direction', 'out'),
    commitSeconds: part('topgun_commit_duration_seconds', 'sum'),
    commits: part('topgun_commit_duration_seconds', 'count'),
    connections: sum('topgun_connections'),
    loopMs: sum('topgun_nodejs_eventloop_lag_p99_seconds') * 1000,
    records: sum('topgun_records'),
    memoryBytes: sum('topgun_process_resident_memory_bytes'),
  };
}

/** Seconds since the epoch, then the lines of a chart. */
export type Lines = readonly (readonly (number | null)[])[];

/** Each chart's lines: rates between two samples, and levels. */
export function chartOf(
  samples: Samples,
): Readonly<Record<'ops' | 'commit' | 'traffic' | 'connections' | 'loop', Lines>> {
  const pairs = samples.slice(1).map((now, i) => [samples[i] as Sample, now] as const);
  const times = pairs.map(([, { atMs }]) => atMs / 1000);
  const rate = (read: (sample: Sample) => number): number[] =>
    // A server that was started again counts from 0.
    pairs.map(([before, now]) => Math.max(0, read(now) - read(before)) / ((now.atMs - before.atMs) / 1000));
  const outcome = (name: string): number[] => rate(({ ops }) => ops[name] ?? 0);
  return {
    ops: [
      times,
      outcome('applied'),
      outcome('superseded'),
      outcome('duplicate'),
      rate(({ refused }) => refused),
    ],
    commit: [
      times,
      pairs.map(([before, now]) => {
        const commits = now.commits - before.commits;
        return commits <= 0 ? null : ((now.commitSeconds - before.commitSeconds) / commits) * 1000;
      }),
    ],
    traffic: [times, rate(({ bytesIn }) => bytesIn), rate(({ bytesOut }) => bytesOut)],
    connections: [times, pairs.map(([, { connections }]) => connections)],
    loop: [times, pairs.map(([, { loopMs }]) => loopMs)],
  };
}
