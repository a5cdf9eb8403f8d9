import { LIMITS } from '@topgun/protocol';
import { expect, it } from 'vitest';
import { type Accepted, AcceptedLog } from './AcceptedLog.js';

const retention = { count: 1, ageMs: 1, bytes: 1, durable: false };
const message = { topic: 't', name: '', data: 0, from: '', node: 'n', ts: 0, epoch: 'e', offset: 1 };
const accepted = (id: string): Accepted => ({
  message: { ...message, id },
  envelope: '',
  bytes: 0,
  retention,
});
const MINUTE_MS = LIMITS.busAcceptedMs;

it('[BUS-31] what was accepted in the minute before its partition was lost is added again, however long that is away, and nothing older', () => {
  const log = new AcceptedLog();
  const ids = (nowMs: number): string[] =>
    [...log.of(new Set([1, 2]), nowMs)].map(({ accepted: { message } }) => message.id);
  log.add(1, accepted('one'), 1_000);
  log.add(2, accepted('two'), 2_000);
  expect(ids(2_000)).toEqual(['one', 'two']);
  // Nothing more is accepted, so nothing makes them go.
  expect(ids(1_000 + MINUTE_MS)).toEqual(['two']);
  log.rest(2, 3_000);
  log.rest(2, 3_000 + 5 * MINUTE_MS);
  expect(ids(10 * MINUTE_MS)).toEqual(['two']);
  log.wake(2);
  expect(ids(10 * MINUTE_MS)).toEqual([]);
});
