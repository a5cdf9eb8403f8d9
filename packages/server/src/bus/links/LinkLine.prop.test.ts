import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TopicMessage } from '../../topics/ports.js';
import { LinkLine } from './LinkLine.js';

const message = (offset: number): TopicMessage => ({
  topic: 't',
  id: `m${offset}`,
  name: '',
  data: offset,
  from: '',
  node: 'n',
  ts: 0,
  epoch: 'e',
  offset,
});

/** A log of which a line is told by links that lose and delay, and which it may read. */
class World {
  readonly log: TopicMessage[] = [];
  readonly heard: number[] = [];
  readonly line: LinkLine;
  nowMs = 0;
  lost = 0;
  pageSize = 3;
  #fill: (() => void) | undefined;
  readonly #onTheWay: { readonly message: TopicMessage; readonly previous: number }[] = [];

  constructor() {
    this.line = new LinkLine('t', {
      deliver: ({ offset }) => this.heard.push(offset),
      fill: (line, after) => {
        this.#fill = () => {
          const behind = this.log.filter(({ offset }) => offset > after);
          const messages = behind.slice(0, this.pageSize);
          const latest = { epoch: 'e', offset: this.last };
          const hasMore = behind.length > messages.length;
          const rest = { dropped: 0, hasExpired: false, given: this.last };
          line.filled({ messages, latest, hasMore, ...rest }, this.nowMs);
        };
      },
      lost: () => this.lost++,
      gapped: () => undefined,
    });
  }

  get last(): number {
    return this.log.at(-1)?.offset ?? 0;
  }

  append(isTold: boolean): void {
    const made = { message: message(this.last + 1), previous: this.last };
    this.log.push(made.message);
    if (isTold) this.#onTheWay.push(made);
  }

  /** One of those on their way comes, again where `stays`. */
  arrive(which: number, stays: boolean): void {
    const at = which % (this.#onTheWay.length || 1);
    const [one] = stays ? [this.#onTheWay[at]] : this.#onTheWay.splice(at, 1);
    if (one !== undefined) this.line.hear(one, this.nowMs);
  }

  /** What the line has asked of the log is answered, or fails. */
  answer(isGood: boolean): void {
    const fill = this.#fill;
    this.#fill = undefined;
    if (fill === undefined) return;
    if (isGood) fill();
    else this.line.failed(this.nowMs);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.line.look(this.nowMs);
  }

  /** Everything comes that still may. */
  settle(): void {
    this.line.stands('e', this.last, this.nowMs);
    for (let round = 0; round < 2 * this.log.length + 10; round++) {
      this.arrive(0, false);
      this.answer(true);
      this.pass(5_000);
    }
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), isTold: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('arrive' as const), which: fc.nat(20), stays: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const), isGood: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stand' as const) }) },
);

describe('LinkLine', () => {
  it('[CLU-52] whatever is lost, doubled, late or out of turn: each message once, in the order of the log, none left out', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.nat(5), (steps, before) => {
        const world = new World();
        for (let i = 0; i < before; i++) world.append(false);
        const from = world.last;
        world.line.stands('e', from, 0);
        for (const now of steps) {
          if (now.do === 'append') world.append(now.isTold);
          else if (now.do === 'arrive') world.arrive(now.which, now.stays);
          else if (now.do === 'answer') world.answer(now.isGood);
          else if (now.do === 'pass') world.pass(now.ms);
          else world.line.stands('e', world.last, world.nowMs);
          expect(world.heard).toEqual(world.heard.map((_, at) => from + at + 1));
        }
        world.settle();
        expect(world.heard).toEqual(world.log.slice(before).map(({ offset }) => offset));
        expect(world.lost).toBe(0);
      }),
      { numRuns: 2_000 },
    );
  });

  it('[CLU-52] a message that is a moment late costs no reading of the log', () => {
    const world = new World();
    world.line.stands('e', 0, 0);
    world.append(true);
    world.append(true);
    world.arrive(1, false);
    world.pass(10);
    world.arrive(0, false);
    world.answer(true);
    expect(world.heard).toEqual([1, 2]);
    expect(world.line.isGapped).toBe(false);
  });

  it('[CLU-52] what comes before the line stands is heard once it does, and what was missed before it', () => {
    const world = new World();
    for (let i = 0; i < 3; i++) world.append(false);
    world.append(true);
    world.arrive(0, false);
    expect(world.heard).toEqual([]);
    world.append(false);
    world.line.stands('e', 5, 0);
    world.answer(true);
    expect(world.heard).toEqual([4, 5]);
  });

  it('[CLU-52] where the log has dropped what was missed, its listeners are told so', () => {
    const lost: string[] = [];
    const heard: number[] = [];
    const line = new LinkLine('t', {
      deliver: ({ offset }) => heard.push(offset),
      fill: () => undefined,
      lost: (topic) => lost.push(topic),
      gapped: () => undefined,
    });
    line.stands('e', 5, 0);
    line.stands('e', 9, 0);
    line.filled(
      {
        messages: [message(9)],
        latest: { epoch: 'e', offset: 9 },
        dropped: 8,
        hasExpired: false,
        hasMore: false,
        given: 9,
      },
      0,
    );
    expect([lost, heard]).toEqual([['t'], [9]]);
  });
});
