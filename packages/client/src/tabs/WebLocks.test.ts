import { describe, expect, it } from 'vitest';
import { silentLogger } from '../utils/logger.js';
import { ProcessLocks } from './ProcessLocks.js';
import { whenFree } from './RealmLocks.js';
import { WebLocks } from './WebLocks.js';

interface Request {
  readonly grant: () => void;
  readonly stolen: () => void;
}

/** The few manners of LockManager that WebLocks uses: queue, abort by signal, theft. The first request holds the lock. */
class FakeLockManager {
  readonly #requests = new Map<string, Request[]>();

  request(
    name: string,
    options: { steal?: boolean; signal?: AbortSignal },
    callback: () => Promise<void>,
  ): Promise<void> {
    if (options.steal && options.signal) return Promise.reject(new TypeError('steal with signal'));
    const requests = this.#requests.get(name) ?? [];
    this.#requests.set(name, requests);
    return new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        const index = requests.indexOf(request);
        if (index >= 0) requests.splice(index, 1);
        if (index === 0) requests[0]?.grant();
      };
      const request: Request = {
        grant: () =>
          queueMicrotask(() => {
            callback().then(() => {
              leave();
              resolve();
            }, reject);
          }),
        stolen: () => reject(new DOMException('stolen', 'AbortError')),
      };
      options.signal?.addEventListener('abort', () => {
        leave();
        reject(new DOMException('aborted', 'AbortError'));
      });
      if (options.steal) {
        requests.shift()?.stolen();
        requests.unshift(request);
      } else {
        requests.push(request);
      }
      if (requests[0] === request) request.grant();
    });
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};
const ignore = (): void => undefined;
const make = (manager: unknown = new FakeLockManager(), logger = silentLogger): WebLocks =>
  new WebLocks(manager as LockManager, logger, new ProcessLocks());

describe('WebLocks', () => {
  it('[TX-3] grants in turn and releases', async () => {
    const locks = make();
    const log: string[] = [];
    const a = locks.acquire('l', false, () => log.push('a'), ignore);
    const b = locks.acquire('l', false, () => log.push('b'), ignore);
    locks.acquire('l', false, () => log.push('c'), ignore);
    await settle();
    expect(log).toEqual(['a']);
    b();
    a();
    await settle();
    expect(log).toEqual(['a', 'c']);
  });

  it('[TX-3] a theft tells the one who held it, a withdrawal nobody', async () => {
    const locks = make();
    const log: string[] = [];
    locks.acquire(
      'l',
      false,
      () => log.push('a'),
      () => log.push('a lost'),
    );
    await settle();
    const waiting = locks.acquire(
      'l',
      false,
      () => log.push('b'),
      () => log.push('b lost'),
    );
    waiting();
    locks.acquire('l', true, () => log.push('thief'), ignore);
    await settle();
    expect(log.sort()).toEqual(['a', 'a lost', 'thief']);
  });

  it('[SRV-5] whenFree calls once the holder is gone', async () => {
    const locks = make();
    const log: string[] = [];
    const holder = locks.acquire('l', false, ignore, ignore);
    await settle();
    whenFree(locks, 'l', () => log.push('free'));
    await settle();
    expect(log).toEqual([]);
    holder();
    await settle();
    locks.acquire('l', false, () => log.push('next'), ignore);
    await settle();
    expect(log).toEqual(['free', 'next']);
  });

  it('[TX-3] where the origin has no locks, those of the process take their place, with a warning', async () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_: unknown, message: string) => void warnings.push(message) };
    const refusing = { request: () => Promise.reject(new DOMException('opaque origin', 'SecurityError')) };
    const locks = make(refusing, logger);
    const log: string[] = [];
    const first = locks.acquire('l', false, () => log.push('first'), ignore);
    locks.acquire('l', false, () => log.push('second'), ignore);
    await settle();
    expect(log).toEqual(['first']);
    first();
    await settle();
    expect(log).toEqual(['first', 'second']);
    expect(warnings).toHaveLength(2);
  });

  it('[TX-3] any other refusal grants nothing: another tab may hold the lock', async () => {
    const locks = make({ request: () => Promise.reject(new DOMException('gone', 'InvalidStateError')) });
    const log: string[] = [];
    locks.acquire('l', false, () => log.push('granted'), ignore);
    await settle();
    expect(log).toEqual([]);
  });
});
