import { partitionOf } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AcceptedLog } from './AcceptedLog.js';
import { BusCounts } from './BusCounts.js';
import { Keys } from './keys.js';
import type { LogCalls } from './LogCalls.js';
import { Outbox } from './Outbox.js';
import { PartitionLane } from './PartitionLane.js';
import type { RedisLink } from './RedisLink.js';

const nothing = (): void => undefined;

/** An outbox with one partition, whose Redis says yes to everything as long as it is there, and tells how many nodes listen. */
function outboxOf() {
  const counts = new BusCounts();
  const sent: string[] = [];
  const redis = { listeners: 3, answers: true };
  const link = {
    subscribe: () => Promise.resolve(),
    publish: (_: string, envelope: string) => {
      sent.push(JSON.parse(envelope).event.data);
      return redis.answers ? Promise.resolve(redis.listeners) : new Promise<never>(nothing);
    },
    listeners: () => Promise.resolve(redis.listeners),
  } as unknown as RedisLink;
  const owner = {
    deliver: nothing,
    hasHad: () => false,
    knowsSinceMs: () => 0,
    lost: nothing,
    filled: nothing,
    failed: nothing,
  };
  // Nothing here is about logs.
  const calls = {} as LogCalls;
  const partition = partitionOf('t');
  const lane = new PartitionLane(partition, new Keys('p'), calls, owner);
  const outbox = new Outbox({
    keys: new Keys('p'),
    calls,
    counts,
    accepted: new AcceptedLog(),
    published: nothing,
    wallMs: () => Date.now(),
    laneOf: () => lane,
    deliver: nothing,
    failed: nothing,
  });
  const say = (data: unknown): void =>
    outbox.send({ topic: 't', id: `id-${data}`, name: '', data, from: '', node: 'n', ts: Date.now() });
  const begin = (): void => {
    lane.begin();
    lane.use(link);
    outbox.sendWaiting(lane);
  };
  const end = (): void => {
    lane.rest();
    outbox.rest(partition);
  };
  return { counts, sent, redis, say, begin, end, outbox };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('[BUS-37] what Redis took just before it was lost is said again, in its order, and counted once', async () => {
  const { counts, sent, redis, say, begin, end } = outboxOf();
  begin();
  say('long ago');
  await vi.advanceTimersByTimeAsync(LIMITS.busLatelyMs);
  say('just before');
  await vi.advanceTimersByTimeAsync(10);
  redis.answers = false;
  say('not answered');
  await vi.advanceTimersByTimeAsync(10);
  end();
  say('meanwhile');
  expect(sent.splice(0)).toEqual(['long ago', 'just before', 'not answered']);
  redis.answers = true;
  begin();
  await vi.advanceTimersByTimeAsync(LIMITS.busOthersMs);
  expect(sent.splice(0)).toEqual(['just before', 'not answered', 'meanwhile']);
  expect(counts.published).toBe(4);
  // Once it is said again it is as any other message.
  end();
  begin();
  await vi.advanceTimersByTimeAsync(LIMITS.busOthersMs);
  expect(sent.splice(0)).toEqual(['just before', 'not answered', 'meanwhile']);
});

it('[BUS-37] waits while fewer nodes listen than before, and not for ever', async () => {
  const { sent, redis, say, begin, end } = outboxOf();
  begin();
  say('first');
  await vi.advanceTimersByTimeAsync(LIMITS.busLatelyMs);
  end();
  redis.listeners = 2;
  say('second');
  begin();
  await vi.advanceTimersByTimeAsync(2 * LIMITS.busOthersMs);
  expect(sent.splice(0)).toEqual(['first']);
  redis.listeners = 3;
  await vi.advanceTimersByTimeAsync(LIMITS.busOthersMs);
  expect(sent.splice(0)).toEqual(['second']);
  await vi.advanceTimersByTimeAsync(LIMITS.busLatelyMs);
  end();
  redis.listeners = 1;
  say('third');
  begin();
  await vi.advanceTimersByTimeAsync(LIMITS.busOthersMsMax - 1);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent).toEqual(['third']);
});

it('[BUS-35] [BUS-37] keeps no more of them than its limits say, the latest', async () => {
  const { sent, say, begin, end } = outboxOf();
  begin();
  for (let i = 0; i < LIMITS.busLatelyCount + 10; i++) say(i);
  await vi.advanceTimersByTimeAsync(10);
  sent.length = 0;
  end();
  begin();
  await vi.advanceTimersByTimeAsync(LIMITS.busOthersMs);
  expect(sent).toHaveLength(LIMITS.busLatelyCount);
  expect(sent[0]).toBe(10);
});
