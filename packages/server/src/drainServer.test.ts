import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drainServer } from './drainServer.js';
import { closeMsOf, delayMsOf, finishMsOf } from './drainTimes.js';

describe('a graceful stop', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Parts that write down what is asked of them, and end what they were asked when they are told. */
  function parts() {
    const log: string[] = [];
    const ends = new Map<string, (complete: boolean) => void>();
    const begun = (name: string): Promise<boolean> => {
      log.push(name);
      return new Promise((resolve) => ends.set(name, resolve));
    };
    return {
      log,
      end: (name: string, complete = true) => ends.get(name)?.(complete),
      live: { drain: async (ms: number) => void (await begun(`clients leave ${ms}`)) },
      host: { drain: (ms: number) => begun(`writes finish ${ms}`) },
      transport: { closeAll: async (ms: number) => void (await begun(`sockets close ${ms}`)) },
    };
  }

  it('[FLOW-10] [S004-27] serves on for the delay, then lets all go at once, closes sockets when writes are answered, and waits for all', async () => {
    const { log, end, live, host, transport } = parts();
    let result: boolean | undefined;
    void drainServer({ drainMs: 25_000, drainDelayMs: 5_000 }, live, host, transport).then((complete) => {
      result = complete;
    });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual(['clients leave 17000', 'writes finish 17000']);
    end('writes finish 17000', false);
    await vi.advanceTimersByTimeAsync(0);
    expect(log.at(-1)).toBe('sockets close 3000');
    end('sockets close 3000');
    await vi.advanceTimersByTimeAsync(0);
    expect(result).toBeUndefined();
    end('clients leave 17000');
    await vi.advanceTimersByTimeAsync(0);
    expect(result).toBe(false);
  });

  it.each([
    [25_000, 0],
    [25_000, 5_000],
    [1_000, 600_000],
    [0, 10],
  ])(
    '[FLOW-10] its times are not more than drainMs together: %i with a delay of %i',
    (drainMs, drainDelayMs) => {
      const settings = { drainMs, drainDelayMs };
      expect(delayMsOf(settings)).toBeLessThanOrEqual(drainMs / 2);
      expect(finishMsOf(settings)).toBeGreaterThanOrEqual(drainMs / 4);
      expect(delayMsOf(settings) + finishMsOf(settings) + closeMsOf(settings)).toBe(drainMs);
    },
  );
});
