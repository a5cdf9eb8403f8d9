import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TopicMessage } from '../topics/ports.js';
import { TopicLine } from './TopicLine.js';

const BASE = 1_000_000_000_000;

/** A log, and a channel to one line that loses what it is told to; answers of the log come when they are asked to. */
class World {
  readonly log: TopicMessage[] = [];
  readonly delivered: string[] = [];
  readonly lost: string[] = [];
  readonly #had = new Set<string>();
  #fills: number[] = [];
  #epoch = 'e1';
  #dropped = 0;
  #number = 0;
  readonly line = new TopicLine(
    't',
    {
      deliver: (message) => {
        if (this.#had.has(message.id)) return;
        this.#had.add(message.id);
        this.delivered.push(message.id);
      },
      hasHad: (_topic, id) => this.#had.has(id),
      knowsSinceMs: () => 0,
      fill: (_topic, after) => this.#fills.push(after),
      lost: (topic) => this.lost.push(topic),
      wentBack: () => this.connect(),
    },
    BASE,
  );

  get last(): number {
    return this.log.at(-1)?.offset ?? this.#dropped;
  }

  publish(arrives: boolean, twice: boolean): void {
    const previous = this.last;
    const offset = Math.max(previous, BASE) + 1 + (this.#number % 3);
    const message = { topic: 't', id: `m${++this.#number}`, name: '', data: 0, from: '', node: 'n', ts: 0 };
    this.log.push({ ...message, epoch: this.#epoch, offset });
    const heard = { message: this.log.at(-1) as TopicMessage, previous };
    if (arrives) this.line.hear(heard);
    if (arrives && twice) this.line.hear(heard);
  }

  /** The log is asked in pages of three. */
  answer(): void {
    const after = this.#fills.shift();
    if (after === undefined) return;
    const behind = this.log.filter(({ offset }) => offset > after);
    const messages = behind.slice(0, 3).map((message) => ({ ...message, epoch: this.#epoch }));
    this.line.filled({
      messages,
      recovered: true,
      latest: { epoch: this.#epoch, offset: this.last },
      hasMore: behind.length > 3,
      since: 0,
      dropped: this.#dropped,
      end: messages.at(-1)?.offset ?? 0,
    });
  }

  /** A connection is lost, with what was asked through it, and a new one made. */
  connect(): void {
    this.line.pause();
    this.#fills = [];
    this.line.stands({ epoch: this.#epoch, since: 0, last: [this.last] }, this.last);
  }

  /** The first subscription stands. */
  stand(): void {
    this.line.stands({ epoch: this.#epoch, since: 0, last: [this.last] }, this.last);
  }

  /** A failover that loses the last messages, whose publisher adds them again. */
  failOver(count: number): void {
    const readded = this.log.splice(Math.max(0, this.log.length - count));
    this.#epoch = `e${Number(this.#epoch.slice(1)) + 1}`;
    for (const message of readded) {
      const previous = this.last;
      this.log.push({ ...message, epoch: this.#epoch, offset: Math.max(previous, BASE) + 1 });
    }
    this.connect();
  }

  settle(): void {
    this.connect();
    for (let i = 0; i < 1_000; i++) this.answer();
  }
}

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('publish' as const), arrives: fc.boolean(), twice: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('connect' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('failOver' as const), count: fc.integer({ min: 0, max: 4 }) }),
  },
);

it('[BUS-10] [BUS-32] [BUS-34] [BUS-38] whatever is lost on the way, each message is delivered once, and in the order of the log while none was lost by it', () => {
  void fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.boolean(), (steps, isLate) => {
      const world = new World();
      if (isLate) world.connect();
      else world.stand();
      for (const it of steps) {
        if (it.do === 'publish') world.publish(it.arrives, it.twice);
        else if (it.do === 'answer') world.answer();
        else if (it.do === 'connect') world.connect();
        else world.failOver(it.count);
      }
      world.settle();
      const all = world.log.map(({ id }) => id);
      expect([...world.delivered].sort()).toEqual([...all].sort());
      if (steps.every((it) => it.do !== 'failOver')) expect(world.delivered).toEqual(all);
      expect(world.lost).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

it('[BUS-32] a live message that arrives before its predecessor waits for it', () => {
  const world = new World();
  world.stand();
  world.publish(true, false);
  world.publish(false, false);
  world.publish(true, false);
  world.publish(true, false);
  expect(world.delivered).toEqual(['m1']);
  world.answer();
  expect(world.delivered).toEqual(['m1', 'm2', 'm3', 'm4']);
});

it('[BUS-12] [BUS-32] the answer to what was published before the subscription stood hides nothing that others said since', () => {
  const world = new World();
  // By this node, which has its answer, and by another one, on whose message no subscription waited yet.
  world.publish(true, false);
  world.publish(false, false);
  world.stand();
  world.publish(true, false);
  world.answer();
  expect(world.delivered).toEqual(['m1', 'm2', 'm3']);
  expect(world.lost).toEqual([]);
});
