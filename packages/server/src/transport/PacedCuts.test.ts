import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PacedCuts } from './PacedCuts.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function world(count: number) {
  const cuts = new PacedCuts();
  const gone: number[] = [];
  const add = (i: number): void => cuts.add({ destroy: () => gone.push(i) });
  for (let i = 0; i < count; i++) add(i);
  return { cuts, gone, add };
}

describe('PacedCuts', () => {
  it('[FLOW-6] cuts a crowd a few at a time, each once, in the order in which they came due', () => {
    const { gone, add } = world(10);
    // Who comes alone does not wait.
    expect(gone).toEqual([0]);
    vi.advanceTimersByTime(20);
    expect(gone).toHaveLength(5);
    vi.advanceTimersByTime(20);
    expect(gone).toHaveLength(9);
    vi.advanceTimersByTime(60);
    expect(gone).toEqual(Array.from({ length: 10 }, (_, i) => i));
    add(10);
    expect(gone).toHaveLength(11);
  });

  it('[FLOW-6] finishes at once when the server ends, and takes in others afterwards', () => {
    const { cuts, gone, add } = world(20);
    cuts.finish();
    expect(gone).toHaveLength(20);
    add(20);
    expect(gone).toHaveLength(21);
  });
});
