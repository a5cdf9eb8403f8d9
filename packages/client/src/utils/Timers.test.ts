import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Timers } from './Timers.js';

describe('Timers', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('fires once, and arming again replaces', () => {
    const timers = new Timers();
    const fired: string[] = [];
    timers.arm('a', 100, () => fired.push('first'));
    timers.arm('a', 200, () => fired.push('second'));
    vi.advanceTimersByTime(1000);
    expect(fired).toEqual(['second']);
  });

  it('a delay of 0 fires in a microtask, and not when it was cancelled before', async () => {
    const timers = new Timers();
    const fired: string[] = [];
    timers.arm('a', 0, () => fired.push('a'));
    timers.arm('b', 0, () => fired.push('b'));
    timers.cancel('b');
    expect(fired).toEqual([]);
    await Promise.resolve();
    expect(fired).toEqual(['a']);
  });

  it('a timer may arm itself again', async () => {
    const timers = new Timers();
    let count = 0;
    const again = (): void => {
      count += 1;
      if (count < 3) timers.arm('a', 0, again);
    };
    timers.arm('a', 0, again);
    for (let i = 0; i < 5; i++) await Promise.resolve();
    expect(count).toBe(3);
  });

  it('a delay beyond the range of the platform waits as long as it can', () => {
    const timers = new Timers();
    let fired = false;
    timers.arm('a', 1e12, () => {
      fired = true;
    });
    vi.advanceTimersByTime(1_000_000);
    expect(fired).toBe(false);
    timers.cancelAll();
    expect(vi.getTimerCount()).toBe(0);
  });
});
