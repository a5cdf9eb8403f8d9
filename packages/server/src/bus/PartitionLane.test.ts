import { expect, it } from 'vitest';
import { Keys } from './keys.js';
import type { LogCalls, Page, Tails } from './LogCalls.js';
import { PartitionLane } from './PartitionLane.js';
import type { RedisLink } from './RedisLink.js';

const nothing = (): void => undefined;
const OWNER = {
  deliver: nothing,
  hasHad: () => false,
  knowsSinceMs: () => 0,
  lost: nothing,
  filled: nothing,
  failed: nothing,
};

it('[BUS-30] a log that goes on without its listener tells that the subscription is dead', async () => {
  let last = 5;
  const calls = {
    tails: (_link: unknown, _partition: number, _epoch: string, topics: readonly string[]): Promise<Tails> =>
      Promise.resolve({ epoch: 'e', since: 0, last: topics.map(() => last) }),
  };
  // Of the calls it makes the one above, and of the connection it asks for a subscription.
  const lane = new PartitionLane(0, new Keys('p'), calls as unknown as LogCalls, OWNER);
  lane.begin();
  lane.use({ subscribe: () => Promise.resolve() } as unknown as RedisLink);
  lane.listen('t', 0);
  await lane.opened('t');
  await lane.verify();
  const message = {
    topic: 't',
    id: 'm',
    name: '',
    data: 0,
    from: '',
    node: 'n',
    ts: 0,
    epoch: 'e',
    offset: 6,
  };
  last = 6;
  lane.hear({ message, previous: 5 });
  await lane.verify();
  last = 7;
  await expect(lane.verify()).rejects.toThrow('dead');
});

/** A log of one message, accepted at the time 7, and a Redis that first says nothing. */
function silentAtFirst() {
  const message = {
    ...{ topic: 't', id: 'm', name: '', data: 0, from: '', node: 'n', ts: 7 },
    ...{ epoch: 'e', offset: 7 * 2048 },
  };
  const delivered: string[] = [];
  const asked: number[] = [];
  let answers = false;
  let fills = true;
  const silence = new Promise<never>(nothing);
  const calls = {
    tails: (): Promise<Tails> =>
      answers ? Promise.resolve({ epoch: 'e', since: 0, last: [message.offset] }) : silence,
    readAnyEpoch: (...[, , , after]: readonly [unknown, unknown, unknown, number]): Promise<Page> => {
      asked.push(after);
      const messages = [message].filter(({ offset }) => offset > after);
      const latest = { epoch: 'e', offset: message.offset };
      const page = {
        messages,
        recovered: true,
        latest,
        hasMore: false,
        since: 0,
        dropped: 0,
        end: message.offset,
      };
      return fills ? Promise.resolve(page) : silence;
    },
  };
  // Of the calls it makes those above, and of the connection it asks for a subscription.
  const owner = { ...OWNER, deliver: ({ id }: { readonly id: string }) => void delivered.push(id) };
  const lane = new PartitionLane(0, new Keys('p'), calls as unknown as LogCalls, owner);
  const serve = async (): Promise<void> => {
    lane.begin();
    lane.use({ subscribe: () => Promise.resolve() } as unknown as RedisLink);
    if (answers) await lane.compare();
  };
  const set = (how: { readonly answers?: boolean; readonly fills?: boolean }): void => {
    answers = how.answers ?? answers;
    fills = how.fills ?? fills;
  };
  return { lane, delivered, asked, serve, set };
}

it('[BUS-38] who begins to listen while Redis is silent, and not yet known to be away, hears what was accepted since', async () => {
  const { lane, delivered, asked, serve, set } = silentAtFirst();
  await serve();
  lane.listen('t', 5);
  await new Promise(setImmediate);
  lane.rest();
  set({ answers: true });
  await serve();
  await lane.opened('t');
  await expect.poll(() => delivered).toEqual(['m']);
  expect(asked).toEqual([5 * 2048]);
});

it('[BUS-38] who joined meanwhile hears nothing of before, also where Redis goes away again before it has told the log', async () => {
  const { lane, asked, serve, set } = silentAtFirst();
  lane.listen('t', 8);
  set({ answers: true, fills: false });
  await serve();
  lane.rest();
  set({ fills: true });
  await serve();
  await expect.poll(() => asked).toEqual([8 * 2048, 8 * 2048]);
});

it('[BUS-12] who reads while a master begins to serve waits for the one that does', async () => {
  const { lane, serve, set } = silentAtFirst();
  set({ answers: true });
  lane.listen('t', 5);
  lane.begin();
  let isOpen = false;
  const opened = lane.opened('t').then(() => {
    isOpen = true;
  });
  lane.begin();
  await Promise.resolve();
  await Promise.resolve();
  expect(isOpen).toBe(false);
  await serve();
  await opened;
  expect(lane.state).toBe('served');
});
