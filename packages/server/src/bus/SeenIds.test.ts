import { LIMITS } from '@topgun/protocol';
import { expect, it } from 'vitest';
import { AcceptedLog } from './AcceptedLog.js';
import { SeenIds } from './SeenIds.js';
import { plenty } from './testing/describeBus.js';

it('[BUS-11] [S004-8] ids are remembered for a minute at least and two at most, by topic, and never more than so many', () => {
  const seen = new SeenIds(0);
  expect([seen.add('t', 'a', 1), seen.add('t', 'a', 2), seen.add('u', 'a', 2)]).toEqual([true, false, true]);
  seen.add('t', 'b', LIMITS.busSeenMs - 1);
  seen.add('t', 'c', LIMITS.busSeenMs);
  expect(seen.has('t', 'a')).toBe(true);
  expect(seen.sinceMs).toBe(0);
  seen.add('t', 'd', 2 * LIMITS.busSeenMs);
  expect([seen.has('t', 'a'), seen.has('t', 'b'), seen.has('t', 'c')]).toEqual([false, false, true]);
  expect(seen.sinceMs).toBe(LIMITS.busSeenMs);
  for (let i = 0; i < 2 * LIMITS.busSeenCount; i++) seen.add('t', `x${i}`, 2 * LIMITS.busSeenMs);
  expect(seen.size).toBeLessThanOrEqual(LIMITS.busSeenCount);
  expect(seen.has('t', `x${2 * LIMITS.busSeenCount - LIMITS.busSeenCount / 2}`)).toBe(true);
});

it('[BUS-31] what was accepted is remembered for a minute, in the order of acceptance, and within its bytes', () => {
  const accepted = new AcceptedLog();
  const message = { topic: 't', name: '', data: 0, from: '', node: 'n', ts: 0, epoch: 'e', offset: 1 };
  const add = (id: string, partition: number, nowMs: number, envelope = 'x'.repeat(100)): void =>
    accepted.add(
      partition,
      { message: { ...message, id }, envelope, bytes: Buffer.byteLength(envelope), retention: plenty },
      nowMs,
    );
  const held = (...partitions: number[]): string[] =>
    [...accepted.of(new Set(partitions), 0)].map((entry) => entry.accepted.message.id);
  for (let i = 0; i < 6; i++) add(`m${i}`, i % 3, i);
  expect([held(0), held(1, 2), accepted.bytes]).toEqual([['m0', 'm3'], ['m1', 'm2', 'm4', 'm5'], 600]);
  add('late', 0, LIMITS.busAcceptedMs + 2);
  expect(held(0, 1, 2)).toEqual(['m3', 'm4', 'm5', 'late']);
  for (let i = 0; i < LIMITS.busAcceptedCount + 5; i++) add(`y${i}`, 0, LIMITS.busAcceptedMs + 3);
  expect(accepted.size).toBe(LIMITS.busAcceptedCount);
  add('large', 0, LIMITS.busAcceptedMs + 3, 'x'.repeat(LIMITS.busAcceptedBytes - 150));
  expect([accepted.size, held(0).at(-1)]).toEqual([2, 'large']);
});
