import { expect, it } from 'vitest';
import { Rng } from '../rng.js';
import { faults } from './faults/index.js';
import { drawn } from './Nemesis.js';
import { Report } from './Report.js';

const take = (seed: number, count: number) => {
  const found = [];
  for (const some of drawn(faults, new Rng(seed))) {
    found.push(some);
    if (found.length === count) return found;
  }
  return found;
};

it('[CLU-80] there are many kinds of fault, each with a name of its own', () => {
  expect(new Set(faults.map(({ kind }) => kind)).size).toBe(faults.length);
  expect(faults.length).toBeGreaterThanOrEqual(30);
  // They are named in a list.
  expect(faults.filter(({ kind }) => kind.includes(','))).toEqual([]);
});

it('[CLU-80] one number draws a run: all kinds before one comes again, some two at once, never a node and the bus', () => {
  const strikes = take(7, 200);
  expect(take(7, 200)).toEqual(strikes);
  expect(take(8, 200)).not.toEqual(strikes);
  const first = strikes.flat().slice(0, faults.length);
  expect(new Set(first).size).toBe(faults.length);
  const pairs = strikes.filter(({ length }) => length === 2);
  expect(pairs.length).toBeGreaterThan(10);
  for (const [one, other] of pairs) {
    expect(one?.group).not.toBe(other?.group);
    expect([one?.isDeath, other?.isDeath]).toEqual([undefined, undefined]);
    expect([one?.group, other?.group].sort()).not.toEqual(['bus', 'nodes']);
  }
});

it('[CLU-82] a run tells where its times were too long, or its faults too few', () => {
  const report = new Report();
  for (let at = 0; at < 30; at++)
    report.add({ kinds: [`kind ${at % 15}`], ownedMs: undefined, equalMs: 1_000 });
  for (const ownedMs of [8_000, 9_000, 15_000]) report.add({ kinds: ['death'], ownedMs, equalMs: 15_000 });
  expect(report.missed(10)).toEqual([]);
  expect(report.deaths).toEqual({ count: 3, median: 9_000, max: 15_000 });
  expect(report.missed(20)).toEqual(['there were 33 faults, and 60 are wanted']);
  // With something else besides it is not the death of one alone.
  report.add({ kinds: ['death', 'kind 1'], ownedMs: 20_000, equalMs: 1_000 });
  expect(report.missed(10)).toEqual([]);
  report.add({ kinds: ['death'], ownedMs: 15_001, equalMs: 15_001 });
  expect(report.missed(10)).toEqual([
    'O3: after a death all was owned again after 15001 ms, allowed are 15000',
    'C8: after death all was equal after 15001 ms, allowed are 15000',
  ]);
  for (let at = 0; at < 3; at++) report.add({ kinds: ['death'], ownedMs: 9_001, equalMs: 1 });
  expect(report.missed(10)[1]).toBe('O3: the median of that is 9001 ms, allowed are 9000');
  expect(report.table).toMatch(/^ {2}death +7 {2}equal after 15000 ms, at most 15001 ms$/m);
});
