import { describe, expect, it } from 'vitest';
import { ProcessLocks } from './ProcessLocks.js';
import { whenFree } from './RealmLocks.js';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};
const ignore = (): void => undefined;

describe('ProcessLocks', () => {
  it('[TX-3] one holder at a time, first come, first served', async () => {
    const locks = new ProcessLocks();
    const log: string[] = [];
    const a = locks.acquire('l', false, () => log.push('a'), ignore);
    const b = locks.acquire('l', false, () => log.push('b'), ignore);
    locks.acquire('l', false, () => log.push('c'), ignore);
    expect(log).toEqual([]);
    await settle();
    expect(log).toEqual(['a']);
    b();
    a();
    await settle();
    expect(log).toEqual(['a', 'c']);
  });

  it('[TX-3] a theft tells the holder and leaves the queue', async () => {
    const locks = new ProcessLocks();
    const log: string[] = [];
    locks.acquire(
      'l',
      false,
      () => log.push('a'),
      () => log.push('a lost'),
    );
    await settle();
    locks.acquire('l', false, () => log.push('b'), ignore);
    const thief = locks.acquire('l', true, () => log.push('thief'), ignore);
    await settle();
    expect(log).toEqual(['a', 'a lost', 'thief']);
    thief();
    await settle();
    expect(log.at(-1)).toBe('b');
  });

  it('[SRV-5] whenFree calls once the holder is gone, and holds nothing itself', async () => {
    const locks = new ProcessLocks();
    const log: string[] = [];
    const holder = locks.acquire('l', false, ignore, ignore);
    await settle();
    whenFree(locks, 'l', () => log.push('free'));
    const withdrawn = whenFree(locks, 'l', () => log.push('withdrawn'));
    await settle();
    expect(log).toEqual([]);
    withdrawn();
    holder();
    await settle();
    expect(log).toEqual(['free']);
    locks.acquire('l', false, () => log.push('next'), ignore);
    await settle();
    expect(log).toEqual(['free', 'next']);
  });
});
