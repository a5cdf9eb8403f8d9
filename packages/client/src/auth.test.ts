import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectionStateChange } from './AppEvents.js';
import { needsSignIn, onNeedsSignIn, tokenProvider } from './auth.js';
import type { TopGunClient } from './TopGunClient.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A service whose answers the test gives. */
class Service {
  readonly signals: AbortSignal[] = [];
  readonly calledAtMs: number[] = [];
  readonly #answers: ((token: string | null | Error) => void)[] = [];
  readonly #beganMs = Date.now();

  readonly fetchToken = (signal: AbortSignal): Promise<string | null> => {
    this.signals.push(signal);
    this.calledAtMs.push(Date.now() - this.#beganMs);
    return new Promise((resolve, reject) => {
      this.#answers.push((token) => (token instanceof Error ? reject(token) : resolve(token)));
    });
  };

  answer(token: string | null | Error): Promise<unknown> {
    this.#answers.shift()?.(token);
    return vi.advanceTimersByTimeAsync(0);
  }
}

describe('tokenProvider', () => {
  it('[CONN-9] asks once however often it is asked meanwhile, and anew afterwards', async () => {
    const service = new Service();
    const provider = tokenProvider(service.fetchToken);
    const asked = [provider(), provider(), provider()];
    await service.answer('one');
    expect(await Promise.all(asked)).toEqual(['one', 'one', 'one']);
    const next = provider();
    await service.answer('two');
    expect([await next, service.signals.length]).toEqual(['two', 2]);
  });

  it('[CONN-9] repeats a call that fails after pauses that double, half of them drawn', async () => {
    const service = new Service();
    const draws = [0, 1, 0.5, 0];
    const provider = tokenProvider(service.fetchToken, { random: () => draws.shift() ?? 0, attempts: 9 });
    const asked = provider();
    for (const pauseMs of [250, 1_000, 1_500, 2_000]) {
      await service.answer(new Error('down'));
      await vi.advanceTimersByTimeAsync(pauseMs - 1);
      const before = service.calledAtMs.length;
      await vi.advanceTimersByTimeAsync(1);
      expect(service.calledAtMs.length).toBe(before + 1);
    }
    await service.answer('good');
    expect(await asked).toBe('good');
    expect(service.calledAtMs).toEqual([0, 250, 1_250, 2_750, 4_750]);
  });

  it('[CONN-9] gives up after five failures with the last one, and begins anew when it is asked again', async () => {
    const service = new Service();
    const provider = tokenProvider(service.fetchToken, { pauseMs: 1 });
    const asked = expect(provider()).rejects.toThrow('failure 5');
    for (let i = 1; i <= 5; i++) {
      await service.answer(new Error(`failure ${i}`));
      await vi.advanceTimersByTimeAsync(100);
    }
    await asked;
    expect(service.signals).toHaveLength(5);
    const again = provider();
    await service.answer('good');
    expect(await again).toBe('good');
  });

  it('[CONN-9] a call that takes too long is ended and counts as failed', async () => {
    const service = new Service();
    const provider = tokenProvider(service.fetchToken, { timeoutMs: 2_000, attempts: 1 });
    const asked = expect(provider()).rejects.toMatchObject({ code: 'TOKEN_PROVIDER_FAILED' });
    await vi.advanceTimersByTimeAsync(1_999);
    expect(service.signals[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await asked;
    expect(service.signals[0]?.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('[CONN-9] null is an answer: nobody is signed in', async () => {
    const service = new Service();
    const asked = tokenProvider(service.fetchToken)();
    await service.answer(null);
    expect([await asked, service.signals.length]).toEqual([null, 1]);
  });
});

describe('needsSignIn', () => {
  /** The part of a client that is looked at. */
  function fakeClient() {
    const history: ConnectionStateChange[] = [];
    const listeners = new Set<() => void>();
    const client = {
      getStateHistory: (limit: number) => history.slice(-limit),
      onConnectionStateChange: (listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const enter = (state: ConnectionStateChange['state'], code?: string): void => {
      history.push({
        state,
        ...(code !== undefined && { error: { code } as ConnectionStateChange['error'] & object }),
      });
      for (const listener of listeners) listener();
    };
    return { client: client as unknown as TopGunClient, enter, listeners };
  }

  it('[CONN-9] is true in ERROR for the sake of the token alone', () => {
    const { client, enter } = fakeClient();
    const seen: boolean[] = [];
    for (const [state, code] of [
      ['CONNECTING', undefined],
      ['ERROR', 'UNAVAILABLE'],
      ['ERROR', 'AUTH_FAILED'],
      ['DISCONNECTED', undefined],
      ['ERROR', 'AUTH_REQUIRED'],
      ['CONNECTED', undefined],
    ] as const) {
      enter(state, code);
      seen.push(needsSignIn(client));
    }
    expect([needsSignIn(fakeClient().client), ...seen]).toEqual([
      false,
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('[CONN-9] is told when it changes, and at once if it is true already', () => {
    const { client, enter, listeners } = fakeClient();
    enter('ERROR', 'AUTH_FAILED');
    const told: boolean[] = [];
    const stop = onNeedsSignIn(client, (needed) => told.push(needed));
    enter('ERROR', 'AUTH_FAILED');
    enter('CONNECTING');
    enter('BACKOFF');
    enter('ERROR', 'AUTH_REQUIRED');
    stop();
    expect([told, listeners.size]).toEqual([[true, false, true], 0]);
  });
});
