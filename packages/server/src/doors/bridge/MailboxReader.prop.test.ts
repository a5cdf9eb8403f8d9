import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MailboxReader } from './MailboxReader.js';
import { LateTopics } from './testing/LateTopics.js';

const nobody = { sub: '', roles: [], claims: {} };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A reader over `topics` whose writer takes `room` messages, and then waits until it is asked to go on. */
function reading(topics: LateTopics, mailboxes: readonly string[], place: number, room = () => true) {
  const written: number[] = [];
  let replays = 0;
  const reader: MailboxReader = new MailboxReader({
    topics,
    principal: nobody,
    mailboxes,
    place,
    write: ({ offset }) => {
      written.push(offset);
      return room();
    },
    replayed: () => replays++,
    ended: (error) => {
      throw error;
    },
    nextTurn: turn,
  });
  return { reader, written, replays: () => replays };
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      box: fc.nat(3),
      gap: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('micro' as const), turns: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('goOn' as const) }) },
);

describe('MailboxReader', () => {
  it('[BRG-17] [BRG-19] [S000-10] [S000-11] writes every message above the place once and by rising id, whatever happens meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.array(fc.nat(3), { maxLength: 150 }),
        fc.nat(40),
        fc.array(fc.nat(6), { minLength: 1, maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
        async (steps, before, place, waits, takes) => {
          let at = 0;
          const topics = new LateTopics(() => waits[at++ % waits.length] ?? 0);
          for (const box of before) topics.accept(`box${box}`);
          topics.deliver();
          let asked = 0;
          const room = (): boolean => takes[asked++ % takes.length] ?? true;
          // box3 is somebody else's.
          const { reader, written } = reading(topics, ['box0', 'box1', 'box2'], place, room);
          const opened = reader.open().then(() => reader.goOn());
          for (const next of steps) {
            if (next.do === 'accept') topics.accept(`box${next.box}`, next.gap);
            else if (next.do === 'deliver') topics.deliver();
            else if (next.do === 'lose') topics.lose();
            else if (next.do === 'goOn') reader.goOn();
            else if (next.do === 'turn') {
              // Whoever accepts a message tells of it before the turn ends.
              topics.deliver();
              await turn();
            } else for (let turns = next.turns; turns > 0; turns--) await Promise.resolve();
          }
          topics.deliver();
          await opened;
          const due = topics.log
            .filter(({ topic, offset }) => topic !== 'box3' && offset > place)
            .map(({ offset }) => offset);
          for (let turns = 0; turns < 2_000 && written.length < due.length; turns++) {
            reader.goOn();
            await turn();
          }
          expect(written).toEqual(due);
          reader.close();
          expect(topics.hearers).toBe(0);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('[BRG-17] a message that one log shows does not overtake one of another that was accepted before', async () => {
    // The sixth wait is that of the second log, before it is looked at.
    let waits = 0;
    const topics = new LateTopics(() => (++waits === 6 ? 20 : 0));
    const { reader, written } = reading(topics, ['first', 'second'], 0);
    await reader.open();
    reader.goOn();
    for (let turns = 10; turns > 0; turns--) await Promise.resolve();
    topics.accept('first');
    topics.accept('second');
    for (let turns = 40; turns > 0; turns--) await Promise.resolve();
    topics.deliver();
    while (written.length < 2) await turn();
    expect(written).toEqual([1, 2]);
    reader.close();
  });

  it('[BRG-17] where a log cannot be read it ends, rather than to leave a gap', async () => {
    const topics = new LateTopics(() => 0);
    let ended: unknown;
    const reader = new MailboxReader({
      topics: {
        subscribe: (topic, subscriber) => topics.subscribe(topic, subscriber),
        unsubscribe: (topic, subscriber) => topics.unsubscribe(topic, subscriber),
        history: async () => ({
          messages: [],
          recovered: false,
          latest: { epoch: '', offset: 0 },
          hasMore: false,
        }),
      },
      principal: nobody,
      mailboxes: ['box'],
      place: 7,
      write: () => true,
      replayed: () => undefined,
      ended: (error) => {
        ended = error;
      },
      nextTurn: turn,
    });
    await reader.open();
    reader.goOn();
    while (ended === undefined) await turn();
    expect(String(ended)).toContain('cannot be read now');
    expect(topics.hearers).toBe(0);
  });

  it('[BRG-15] [BRG-17] tells once that all is replayed, after the last stored message and before the first live one', async () => {
    const topics = new LateTopics(() => 1);
    for (let n = 0; n < 200; n++) topics.accept('box');
    topics.deliver();
    const { reader, written, replays } = reading(topics, ['box'], 10);
    await reader.open();
    expect(replays()).toBe(0);
    reader.goOn();
    while (replays() === 0) await turn();
    expect(written).toHaveLength(190);
    topics.accept('box');
    topics.lose();
    while (written.length < 191) await turn();
    expect(replays()).toBe(1);
    reader.close();
  });

  it('[BRG-17] closed while it opens, it hears nothing any more', async () => {
    const topics = new LateTopics(() => 3);
    const { reader, written } = reading(topics, ['a', 'b'], 0);
    const opened = reader.open();
    reader.close();
    await opened;
    reader.goOn();
    topics.accept('a');
    topics.deliver();
    await turn();
    expect([written, topics.hearers]).toEqual([[], 0]);
  });
});
