import { expect, it } from 'vitest';
import { Keys } from './keys.js';
import type { LogCalls, Tails } from './LogCalls.js';
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
