import { describe, expect, it } from 'vitest';
import { Rng } from '../src/rng.js';
import { Scheduler } from '../src/Scheduler.js';
import { simulate } from '../src/simulate.js';
import { SimDisk } from '../src/world/SimDisk.js';

describe('the simulated world', () => {
  it('takes the same course for the same seed', async () => {
    const first = await simulate(7);
    const second = await simulate(7);
    expect(second.trace).toBe(first.trace);
    expect(second.events).toBe(first.events);
    expect((await simulate(8)).trace).not.toBe(first.trace);
  });

  it('runs tasks in order of time, and those of one moment in an order the seed decides', () => {
    const order = (seed: number): string => {
      const scheduler = new Scheduler(new Rng(seed));
      let out = '';
      for (const name of ['a', 'b', 'c', 'd']) scheduler.after(10, () => (out += name));
      scheduler.after(5, () => (out += '-'));
      while (scheduler.step(100));
      expect(scheduler.nowMs).toBe(100);
      return out;
    };
    expect(order(1)).toBe(order(1));
    expect(order(1)[0]).toBe('-');
    expect(new Set([1, 2, 3, 4, 5, 6].map(order)).size).toBeGreaterThan(1);
  });

  it('loses a suffix of the relaxed commits of a device that crashes, never a hole', () => {
    const disk = new SimDisk();
    for (let i = 1; i <= 5; i++) disk.commit({ puts: [[['k', String(i)], i]], deletes: [] }, i);
    expect(disk.recentCommits).toBe(5);
    expect(disk.crash(3)).toBe(2);
    expect(disk.entries([]).map(([, value]) => value)).toEqual([1, 2, 3]);
    expect(disk.commitNumber).toBe(3);
  });
});
