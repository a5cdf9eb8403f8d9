import { describe, expect, it } from 'vitest';
import type { Metric } from '../api/answers.js';
import { addSample, chartOf, NO_SAMPLES, readSample } from './samples.js';

const metric = (name: string, values: Metric['values']): Metric => ({
  name,
  help: '',
  type: 'counter',
  values,
});

const metrics = (applied: number, commits: number, seconds: number): Metric[] => [
  metric('topgun_ops_total', [
    { value: applied, labels: { outcome: 'applied' } },
    { value: 1, labels: { outcome: 'duplicate' } },
  ]),
  metric('topgun_commit_duration_seconds', [
    { value: commits, labels: { le: 0.1 }, metricName: 'topgun_commit_duration_seconds_bucket' },
    { value: seconds, labels: {}, metricName: 'topgun_commit_duration_seconds_sum' },
    { value: commits, labels: {}, metricName: 'topgun_commit_duration_seconds_count' },
  ]),
  metric('topgun_connections', [{ value: 7, labels: {} }]),
];

describe('samples of the charts', () => {
  it('[ADM-3] totals become rates, times their mean, levels stay', () => {
    const first = readSample(metrics(100, 10, 0.1), 1_000);
    const second = readSample(metrics(300, 20, 0.15), 3_000);
    const lines = chartOf(addSample(addSample(NO_SAMPLES, first), second));
    expect(lines.ops).toEqual([[3], [100], [0], [0], [0]]);
    expect(lines.commit[1]?.[0]).toBeCloseTo(5);
    expect(lines.connections).toEqual([[3], [7]]);
  });

  it('[ADM-3] a server that was started again draws no negative rate, and nothing committed draws a gap', () => {
    const lines = chartOf([
      readSample(metrics(300, 20, 0.15), 1_000),
      readSample(metrics(5, 20, 0.15), 2_000),
    ]);
    expect(lines.ops[1]).toEqual([0]);
    expect(lines.commit[1]).toEqual([null]);
  });

  it('[ADM-3] keeps the last five minutes', () => {
    let samples = NO_SAMPLES;
    for (let i = 0; i < 1_000; i++) samples = addSample(samples, readSample([], i * 2_000));
    expect(samples).toHaveLength(150);
    expect(samples.at(-1)?.atMs).toBe(999 * 2_000);
  });
});
