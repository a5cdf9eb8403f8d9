import { describe, expect, it } from 'vitest';
import { withoutAmbience } from '../src/run/withoutAmbience.js';

describe('[SIM-9] a run knows no real time and no real chance', () => {
  it.each([
    ['Date.now', () => Date.now()],
    ['new Date()', () => new Date()],
    ['Date()', () => Date()],
    ['Math.random', () => Math.random()],
    ['performance.now', () => performance.now()],
    ['setTimeout', () => setTimeout(() => undefined, 0)],
    ['queueMicrotask', () => queueMicrotask(() => undefined)],
    ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(1))],
    ['crypto.randomUUID', () => crypto.randomUUID()],
  ])('%s throws', (_, ask) => {
    expect(() => withoutAmbience(ask)).toThrow('SIM-9');
  });

  it('lets dates that are named be computed with, and gives everything back', () => {
    expect(withoutAmbience(() => new Date(86_400_000).getUTCDate())).toBe(2);
    expect(() => withoutAmbience(() => Math.random())).toThrow();
    expect(Date.now()).toBeGreaterThan(0);
    expect(Math.random()).toBeLessThan(1);
  });
});
