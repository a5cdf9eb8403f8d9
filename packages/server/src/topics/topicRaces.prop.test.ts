import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Position, Subscribed, TopicMessage } from './ports.js';
import { HubRig, type HubRigOptions, Listener, principal, tick } from './testing/HubRig.js';

/** One subscription, and what was known of the topic when it was asked for and when it was answered. */
interface Wish {
  readonly listener: Listener;
  readonly topic: string;
  readonly since: Position | undefined;
  readonly history: number;
  readonly echo: boolean;
  /** what it said itself */
  readonly own: Set<unknown>;
  /** messages of the topic that subscribers had heard by then, and that the log had */
  readonly heardBefore: number;
  readonly storedBefore: number;
  answer: (Subscribed & { readonly heard: number }) | undefined;
  hasLeft: boolean;
}

const TOPICS = ['room/1', 'room/2'];

/**
 * A hub on a log that answers late, in any order in which a log may answer, while messages are published and subscribers come and go.
 * What each of them has heard in the end is held against the log itself.
 */
class Race {
  readonly rig: HubRig;
  readonly #witnesses = new Map<string, Listener>();
  readonly #wishes: Wish[] = [];
  readonly #draw: (n: number) => number;
  #published = 0;

  constructor(draws: readonly number[], limits?: HubRigOptions['limits']) {
    this.rig = new HubRig({ limits });
    let at = 0;
    this.#draw = (n) => (draws[at++ % draws.length] ?? 0) % Math.max(n, 1);
  }

  async run(moves: readonly number[]): Promise<number> {
    for (const topic of TOPICS) {
      const witness = new Listener('witness');
      this.#witnesses.set(topic, witness);
      await this.rig.finish(this.rig.hub.subscribe(topic, witness));
    }
    for (const move of moves) {
      const topic = TOPICS[this.#draw(TOPICS.length)] as string;
      if (move < 4) this.#publish(topic);
      else if (move < 6) this.#subscribe(topic);
      else if (move === 6) this.#leave();
      else {
        this.rig.log.step(this.#draw);
        await tick();
      }
    }
    await this.rig.settle(this.#draw);
    for (const [topic, { heard }] of this.#witnesses)
      expect(offsets(heard)).toEqual(offsets(this.#stored(topic)));
    for (const wish of this.#wishes) this.#judge(wish);
    return this.#wishes.length;
  }

  #publish(topic: string): void {
    const data = ++this.#published;
    const present = this.#wishes.filter((wish) => wish.topic === topic && !wish.hasLeft);
    const speaker = this.#draw(3) === 0 ? present[this.#draw(present.length)] : undefined;
    speaker?.own.add(data);
    const by = speaker && { by: speaker.listener };
    void this.rig.hub.publish(topic, data, principal('somebody'), by);
  }

  #subscribe(topic: string): void {
    const witness = this.#witnesses.get(topic) as Listener;
    const stored = this.#stored(topic);
    const place = this.#draw(stored.length + 1);
    const wish: Wish = {
      listener: new Listener(`l${this.#wishes.length}`),
      topic,
      since: this.#draw(2) === 0 ? { epoch: 'e1', offset: stored[place - 1]?.offset ?? 0 } : undefined,
      history: this.#draw(4),
      echo: this.#draw(2) === 0,
      own: new Set(),
      heardBefore: witness.heard.length,
      storedBefore: stored.length,
      answer: undefined,
      hasLeft: false,
    };
    this.#wishes.push(wish);
    const { listener, history, echo, since } = wish;
    const options = { history, echo, ...(since && { since }) };
    void this.rig.hub.subscribe(topic, listener, options).then((answer) => {
      wish.answer = { ...answer, heard: witness.heard.length };
    });
  }

  #leave(): void {
    const present = this.#wishes.filter(({ hasLeft }) => !hasLeft);
    const wish = present[this.#draw(present.length)];
    if (wish === undefined) return;
    this.rig.hub.unsubscribe(wish.topic, wish.listener);
    wish.hasLeft = true;
  }

  #stored(topic: string): TopicMessage[] {
    return this.rig.log.stored.filter((message) => message.topic === topic);
  }

  /** The obvious model: it has heard all of the log from one message on, without what it said itself. */
  #judge({
    listener,
    topic,
    since,
    history,
    echo,
    own,
    heardBefore,
    storedBefore,
    answer,
    hasLeft,
  }: Wish): void {
    const all = this.#stored(topic);
    const heard = offsets(listener.heard);
    const from = (at: number): number[] =>
      offsets(all.slice(at).filter(({ data }) => echo || !own.has(data)));
    const until = (list: readonly number[]): readonly number[] =>
      hasLeft ? list.slice(0, heard.length) : list;
    if (since !== undefined) {
      expect(heard).toEqual(until(from(all.filter(({ offset }) => offset <= since.offset).length)));
      if (!hasLeft) expect(answer?.recovered).toBe(true);
      return;
    }
    const start = heard.length === 0 ? all.length : all.findIndex(({ offset }) => offset === heard[0]);
    if (heard.length > 0) expect(heard).toEqual(until(from(start)));
    if (hasLeft) return;
    // No more of the past than was asked for,
    expect(listener.heard.filter((message) => all.indexOf(message) < heardBefore).length).toBeLessThanOrEqual(
      history,
    );
    // and no less;
    expect(heard.length).toBeGreaterThanOrEqual(Math.min(history, storedBefore) - own.size);
    // what others heard while it waited, it was told as well, and what followed;
    const meanwhile = all.slice(heardBefore, answer?.heard ?? 0);
    if (meanwhile.some(({ data }) => echo || !own.has(data)))
      expect(heard).toEqual(expect.arrayContaining(from(heardBefore)));
    // and everything behind the place that it was told of.
    const place = answer?.position.offset ?? 0;
    expect(heard.filter((offset) => offset > place)).toEqual(from(0).filter((offset) => offset > place));
  }
}

const offsets = (messages: readonly TopicMessage[]): number[] => messages.map(({ offset }) => offset);

const moves = fc.array(fc.nat(11), { minLength: 10, maxLength: 60 });
const draws = fc.array(fc.nat(1_000), { minLength: 5, maxLength: 60 });

describe('publishing and subscribing at once', () => {
  it('[HUB-4] 1,000 races: nothing lost, nothing twice, nothing out of order', async () => {
    let subscriptions = 0;
    await fc.assert(
      fc.asyncProperty(moves, draws, async (moves, draws) => {
        subscriptions += await new Race(draws).run(moves);
      }),
      {
        numRuns: 500,
        // Of what came by live while the log was read, all was its own.
        examples: [
          [
            [0, 6, 7, 4, 7, 0, 4, 6, 0, 4, 0, 0, 7, 0, 0, 0, 0, 7, 0],
            [101, 61, 216, 3, 0, 0, 399, 0, 0, 47, 744, 0, 850],
          ],
        ],
      },
    );
    expect(subscriptions).toBeGreaterThan(1_000);
  });

  it('[HUB-5] nor where next to nothing can be held, and a history has many pages', async () => {
    await fc.assert(
      fc.asyncProperty(moves, draws, async (moves, draws) => {
        await new Race(draws, { held: 1, page: 2 }).run(moves);
      }),
      { numRuns: 300 },
    );
  });
});
