import { describe, expect, it } from 'vitest';
import { families } from '../dist/wireFuzz/families/index.js';
import { runWireFuzz } from '../dist/wireFuzz/run/runWireFuzz.js';

const INPUTS_PER_FAMILY = 3;

describe('malformed input against a real server', () => {
  it('[FUZZ-10] [FUZZ-11] [FUZZ-12] [FUZZ-13] the reply rules hold for every family, and the neighbour notices nothing', async () => {
    const said: string[] = [];
    const report = await runWireFuzz({
      inputs: families.length * INPUTS_PER_FAMILY,
      seed: 1,
      say: (line) => said.push(line),
    });
    expect(report.failures, said.join('\n')).toEqual([]);
    expect(report.families).toBeGreaterThanOrEqual(150);
    expect(report.inputs).toBeGreaterThan(report.families * 2);
    expect(report.neighbour.writes).toBeGreaterThan(10);
  });
});
