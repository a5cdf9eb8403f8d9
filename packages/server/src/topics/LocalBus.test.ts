import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { LocalBus } from './LocalBus.js';
import type { Draft, Retention, TopicMessage } from './ports.js';
import { RecentIds } from './RecentIds.js';
import { tick } from './testing/HubRig.js';

const RETENTION: Retention = { count: 10, ageMs: 1_000, bytes: 1_000, durable: false };

const draft = (id: string): Draft => ({
  topic: 't',
  id,
  name: '',
  data: id,
  from: 'ann',
  node: 'node-1',
  ts: 1_000,
});

/** A log whose appends end when the test says so. */
function pendingLog() {
  const ends: { resolve: (message: TopicMessage) => void; reject: (error: Error) => void }[] = [];
  return {
    ends,
    append: () => new Promise<TopicMessage>((resolve, reject) => ends.push({ resolve, reject })),
    read: () => Promise.reject(new Error('not asked')),
  };
}

async function openBus() {
  const log = pendingLog();
  const bus = new LocalBus(log);
  const heard: string[] = [];
  await bus.open({ message: ({ id }) => heard.push(id), lost: () => undefined });
  return { log, bus, heard };
}

describe('a bus of one node', () => {
  it('[HUB-9] messages are heard in the order of the log, whichever append is answered first', async () => {
    const { log, bus, heard } = await openBus();
    const all = ['a', 'b', 'c'].map((id) => bus.append(draft(id), RETENTION));
    log.ends[1]?.resolve({ ...draft('b'), epoch: 'e', offset: 2 });
    await all[1];
    expect(heard).toEqual([]);
    log.ends[0]?.reject(new Error('full'));
    await expect(all[0]).rejects.toThrow('full');
    await tick();
    expect(heard).toEqual(['b']);
    log.ends[2]?.resolve({ ...draft('c'), epoch: 'e', offset: 3 });
    await all[2];
    expect(heard).toEqual(['b', 'c']);
  });

  it('[HUB-9] refuses more than may wait, and has room again', async () => {
    const { log, bus } = await openBus();
    const all = Array.from({ length: LIMITS.topicAppends }, (_, n) => bus.append(draft(`${n}`), RETENTION));
    await expect(bus.append(draft('more'), RETENTION)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    for (const [n, { resolve }] of log.ends.entries()) resolve({ ...draft(`${n}`), epoch: 'e', offset: n });
    await Promise.all(all);
    void bus.append(draft('more'), RETENTION);
    expect(log.ends).toHaveLength(LIMITS.topicAppends + 1);
  });

  it('[HUB-9] closes when all that was to be appended is', async () => {
    const { log, bus } = await openBus();
    void bus.append(draft('a'), RETENTION);
    let isClosed = false;
    const closing = bus.close().then(() => {
      isClosed = true;
    });
    await tick();
    expect(isClosed).toBe(false);
    log.ends[0]?.resolve({ ...draft('a'), epoch: 'e', offset: 1 });
    await closing;
    await (await openBus()).bus.close();
  });
});

describe('ids of late', () => {
  it('[HUB-6] are remembered for their time, and no more of them than there may be', () => {
    const ids = new RecentIds<number>(100, 10);
    ids.set('a', 1, 0);
    expect([ids.get('a', 99), ids.get('b', 99)]).toEqual([1, undefined]);
    ids.set('b', 2, 99);
    expect(ids.get('b', 198)).toBe(2);
    expect([ids.get('a', 300), ids.get('b', 300)]).toEqual([undefined, undefined]);
    for (let n = 0; n < 1_000; n++) {
      ids.set(`n${n}`, n, 300);
      expect(ids.size).toBeLessThanOrEqual(10);
    }
    expect(ids.get('n995', 300)).toBe(995);
    ids.delete('n995');
    expect(ids.get('n995', 300)).toBeUndefined();
    // A clock that steps back forgets earlier rather than never.
    expect(ids.get('n999', 10)).toBe(999);
  });
});
