import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../local/redisProcesses.js';
import type { Bus, Draft, Position, Retention, TopicMessage } from '../../topics/ports.js';

/** What the suite needs: buses of as many nodes as it asks for. */
export interface BusHarness {
  /** A bus of a node of this name; the suite opens and closes it. */
  bus(nodeId: string): Bus;
  dispose(): Promise<void>;
}

/** A node of the suite: its bus, and what it has heard. */
export class HearingNode {
  readonly id: string;
  readonly bus: Bus;
  readonly heard: TopicMessage[] = [];
  readonly lost: string[] = [];
  #drawn = 0;

  constructor(id: string, bus: Bus) {
    this.id = id;
    this.bus = bus;
  }

  open(): Promise<void> {
    return this.bus.open({
      message: (message) => this.heard.push(message),
      lost: (topic) => this.lost.push(topic),
    });
  }

  draft(topic: string, rest: Partial<Draft> = {}): Draft {
    this.#drawn++;
    const id = `${this.id}-${this.#drawn}`;
    return { topic, id, name: '', data: this.#drawn, from: 'ann', node: this.id, ts: Date.now(), ...rest };
  }

  /** Listens, and resolves when nothing that comes is missed. */
  async listen(...topics: string[]): Promise<void> {
    for (const topic of topics) this.bus.listen(topic);
    for (const topic of topics) await this.bus.read(topic, undefined, 1);
  }

  ids(topic?: string): string[] {
    return this.heard.filter((message) => topic === undefined || message.topic === topic).map(({ id }) => id);
  }
}

export const plenty: Retention = { count: 100_000, ageMs: 3_600_000, bytes: 1e8, durable: false };
const placeOf = ({ epoch, offset }: TopicMessage): Position => ({ epoch, offset });

/** Nodes of one test, made and ended with it. */
function nodesOf(factory: () => Promise<BusHarness>) {
  let harness: BusHarness;
  let nodes: HearingNode[] = [];
  beforeEach(async () => {
    nodes = [];
    harness = await factory();
  });
  afterEach(async () => {
    for (const { bus } of nodes) await bus.close();
    await harness.dispose();
  });
  return {
    join: async (id: string): Promise<HearingNode> => {
      const node = new HearingNode(id, harness.bus(id));
      nodes.push(node);
      await node.open();
      return node;
    },
  };
}

/** All of them have heard so many messages. */
const allHear = (count: number, ...nodes: HearingNode[]): Promise<void> =>
  eventually(`${count} messages at ${nodes.map(({ id }) => id)}`, () =>
    nodes.every(({ heard }) => heard.length >= count),
  );

/** Each has heard what was accepted, once, in the order of the places, and has lost nothing. */
export function expectOneOrder(
  nodes: readonly HearingNode[],
  topics: readonly string[],
  accepted: readonly TopicMessage[],
): void {
  for (const node of nodes) {
    for (const topic of topics) {
      const expected = accepted
        .filter((message) => message.topic === topic)
        .sort((x, y) => x.offset - y.offset);
      expect(node.heard.filter((message) => message.topic === topic)).toEqual(expected);
    }
    expect(node.lost).toEqual([]);
  }
}

/** The contract of `Bus`, as tests. */
export function describeBus(name: string, factory: () => Promise<BusHarness>): void {
  describe(`Bus contract: ${name}`, () => {
    const { join } = nodesOf(factory);

    it('[BUS-1] a message of a topic without a log is heard here before send returns, once, without a place', async () => {
      const a = await join('a');
      await a.listen('t');
      const draft = a.draft('t', { name: 'n', data: { x: [1n, new Date(5), new Uint8Array([1, 255])] } });
      a.bus.send(draft);
      expect(a.heard).toEqual([{ ...draft, epoch: '', offset: 0 }]);
      a.bus.send(draft);
      await a.bus.append(a.draft('t'), plenty);
      expect(a.heard).toHaveLength(2);
    });

    it('[BUS-2] a logged message has a place, which rises, and is heard in that order', async () => {
      const a = await join('a');
      await a.listen('t');
      const accepted = await Promise.all(
        Array.from({ length: 50 }, () => a.bus.append(a.draft('t'), plenty)),
      );
      expect(accepted.map(({ offset }) => offset)).toEqual(
        [...new Set(accepted.map(({ offset }) => offset))].sort((x, y) => x - y),
      );
      expect(new Set(accepted.map(({ epoch }) => epoch)).size).toBe(1);
      await allHear(50, a);
      expect(a.heard).toEqual(accepted);
      expect(accepted.every(({ offset }) => Math.abs(offset / 2048 - Date.now()) < 60_000)).toBe(true);
    });

    it('[BUS-3] [S004-15] the log gives back what was accepted, from a position on, page by page', async () => {
      const a = await join('a');
      const all: TopicMessage[] = [];
      for (const data of [null, 'ä€😀', { at: new Date(5), big: 2n ** 60n }, new Uint8Array([7]), 5, 6]) {
        all.push(await a.bus.append(a.draft('t', { data, name: 'n' }), plenty));
      }
      await a.bus.append(a.draft('u'), plenty);
      expect((await a.bus.read('t', undefined, 100)).messages).toEqual(all);
      const [first, second, third] = all as [TopicMessage, TopicMessage, TopicMessage];
      const page = await a.bus.read('t', placeOf(first), 2);
      expect(page).toMatchObject({ messages: [second, third], recovered: true, hasMore: true });
      const rest = await a.bus.read('t', placeOf(third), 3);
      expect(rest).toMatchObject({ messages: all.slice(3), recovered: true, hasMore: false });
      expect(rest.latest).toEqual(placeOf(all[5] as TopicMessage));
      expect(await a.bus.read('t', rest.latest, 3)).toMatchObject({ messages: [], recovered: true });
      const newest = await a.bus.read('t', undefined, 2);
      expect(newest).toMatchObject({
        messages: all.slice(4),
        recovered: true,
        hasMore: false,
        latest: rest.latest,
      });
      expect(await a.bus.read('t', undefined, 0)).toMatchObject({ messages: [], latest: rest.latest });
      const oldest = await a.bus.read('t', { epoch: '', offset: 0 }, 2);
      expect(oldest).toMatchObject({ messages: all.slice(0, 2), recovered: false, hasMore: true });
    });

    it('[BUS-3] no reading gives many bytes at once', async () => {
      const a = await join('a');
      for (let i = 0; i < 6; i++) await a.bus.append(a.draft('t', { data: 'x'.repeat(1024 * 1024) }), plenty);
      const first = await a.bus.read('t', { epoch: '', offset: 0 }, 100);
      expect(first.hasMore).toBe(true);
      expect(first.messages).toHaveLength(4);
      const rest = await a.bus.read('t', placeOf(first.messages[3] as TopicMessage), 100);
      expect([rest.messages.length, rest.hasMore]).toEqual([2, false]);
    });

    it('[BUS-4] a position that is too old, or of another epoch, is not recovered', async () => {
      const a = await join('a');
      const few = { ...plenty, count: 2 };
      const all: TopicMessage[] = [];
      for (let i = 0; i < 4; i++) all.push(await a.bus.append(a.draft('t'), few));
      const recovered = [];
      for (const message of all) {
        const { recovered: is, messages } = await a.bus.read('t', placeOf(message), 10);
        recovered.push([is, messages.map(({ id }) => id)]);
      }
      expect(recovered).toEqual([
        [false, ['a-3', 'a-4']],
        [true, ['a-3', 'a-4']],
        [true, ['a-4']],
        [true, []],
      ]);
      const other = await a.bus.read('t', { epoch: 'other', offset: (all[3] as TopicMessage).offset }, 10);
      expect([other.recovered, other.messages.map(({ id }) => id)]).toEqual([false, ['a-3', 'a-4']]);
    });

    it('[BUS-5] what is published twice under an id is one message, in one place', async () => {
      const a = await join('a');
      await a.listen('t');
      const draft = a.draft('t');
      const first = await a.bus.append(draft, plenty);
      await a.bus.append(a.draft('t'), plenty);
      expect(placeOf(await a.bus.append(draft, plenty))).toEqual(placeOf(first));
      await allHear(2, a);
      expect(a.ids()).toEqual(['a-1', 'a-2']);
      expect((await a.bus.read('t', undefined, 9)).messages).toHaveLength(2);
    });

    it('[BUS-6] a log that may drop nothing refuses what it has no room for', async () => {
      const a = await join('a');
      const box = { ...plenty, count: 2, whenFull: 'refuse' } as const;
      await a.bus.append(a.draft('t'), box);
      await a.bus.append(a.draft('t'), box);
      await expect(a.bus.append(a.draft('t'), box)).rejects.toMatchObject({
        code: 'TOPIC_FULL',
        retriable: true,
      });
      expect((await a.bus.read('t', undefined, 9)).messages.map(({ id }) => id)).toEqual(['a-1', 'a-2']);
    });

    it('[BUS-7] bytes bound a log as the count does', async () => {
      const a = await join('a');
      const narrow = { ...plenty, bytes: 3_000 };
      for (let i = 0; i < 20; i++) await a.bus.append(a.draft('t', { data: 'x'.repeat(500) }), narrow);
      const { messages } = await a.bus.read('t', undefined, 99);
      expect(messages.length).toBeGreaterThan(2);
      expect(messages.length).toBeLessThan(7);
      expect(messages.at(-1)?.id).toBe('a-20');
    });
  });
}

/** What nodes that share a bus owe each other, as tests. */
export function describeJoinedBuses(name: string, factory: () => Promise<BusHarness>): void {
  describe(`Joined buses: ${name}`, () => {
    const { join } = nodesOf(factory);

    it('[BUS-10] [S000-1] [S000-7] [S001-11] [S004-8] three nodes hear each message once, the sender too, in the order of the offsets', async () => {
      const all = [await join('a'), await join('b'), await join('c')];
      const topics = ['t/1', 't/2', 'u'];
      for (const node of all) await node.listen(...topics);
      const accepted: TopicMessage[] = [];
      for (let i = 0; i < 30; i++) {
        const some = await Promise.all(
          all.map((node, at) => node.bus.append(node.draft(topics[(i + at) % 3] as string), plenty)),
        );
        accepted.push(...some);
      }
      await allHear(90, ...all);
      expectOneOrder(all, topics, accepted);
    });

    it('[BUS-11] [S004-8] [S004-11] without a log the sender hears it at once and its echo never, the others once', async () => {
      const [a, b] = [await join('a'), await join('b')];
      await a.listen('t');
      await b.listen('t');
      const sent = Array.from({ length: 20 }, () => a.draft('t'));
      for (const draft of sent) a.bus.send(draft);
      expect(a.ids()).toEqual(sent.map(({ id }) => id));
      await allHear(20, b);
      expect(b.ids()).toEqual(sent.map(({ id }) => id));
      a.bus.send(sent[3] as Draft);
      b.bus.send(b.draft('t'));
      await allHear(21, a, b);
      expect([a.heard.length, b.heard.length]).toEqual([21, 21]);
    });

    it('[BUS-12] whoever listens hears what comes after it has read, without a gap', async () => {
      const [a, b] = [await join('a'), await join('b')];
      const stop = new AbortController();
      const publishing = (async () => {
        while (!stop.signal.aborted) await a.bus.append(a.draft('t'), plenty);
      })();
      for (let round = 0; round < 30; round++) {
        b.heard.length = 0;
        b.bus.listen('t');
        const { messages, latest } = await b.bus.read('t', undefined, 100_000);
        await allHear(3, b);
        b.bus.unlisten('t');
        const later = b.heard.filter(({ offset }) => offset > latest.offset);
        const numbers = [...messages, ...later].map(({ id }) => Number(id.slice(2)));
        expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, at) => at + 1));
      }
      stop.abort();
      await publishing;
    });

    it('[BUS-13] nothing is heard of a topic that is not listened to any more', async () => {
      const [a, b] = [await join('a'), await join('b')];
      await b.listen('t', 'u');
      b.bus.unlisten('t');
      await a.bus.append(a.draft('t'), plenty);
      a.bus.send(a.draft('t'));
      await a.bus.append(a.draft('u'), plenty);
      await allHear(1, b);
      expect(b.heard.map(({ topic }) => topic)).toEqual(['u']);
    });
  });
}
