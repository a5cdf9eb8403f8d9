import { pino } from 'pino';
import { eventually } from '../../local/redisProcesses.js';
import type { RedisTopology } from '../../local/redisTopologies.js';
import type { Bus, TopicMessage } from '../../topics/ports.js';
import { createRedisBus } from '../createRedisBus.js';
import type { RedisBus } from '../RedisBus.js';
import { HearingNode, plenty } from './describeBus.js';

const TICK_MS = 10;

/** `warnings` takes what is logged. */
export const openBus = (
  topology: RedisTopology,
  nodeId: string,
  redisPrefix = 'topgun',
  warnings: string[] = [],
): RedisBus => {
  const logger = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) });
  const around = { nodeId, logger, wallMs: () => Date.now() };
  // The settings name a Redis, so there is a bus.
  return createRedisBus({ ...topology.config, redisPrefix }, around) as RedisBus;
};

/** A node of the load, with the times at which it heard others. */
class LoadedNode extends HearingNode {
  readonly heardAt: number[] = [];

  override open(): Promise<void> {
    return this.bus.open({
      message: (message) => {
        this.heard.push(message);
        if (message.node !== this.id) this.heardAt.push(performance.now());
      },
      lost: (topic) => this.lost.push(topic),
    });
  }
}

/** Nodes that publish to logged topics of all partitions at a steady rate, and hear each other. */
export class BusLoad {
  readonly nodes: readonly LoadedNode[];
  readonly accepted: TopicMessage[] = [];
  readonly refusals: unknown[] = [];
  readonly #topics: readonly string[];
  readonly #perSecond: number;
  #pending = 0;
  #owed = 0;
  #published = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(topology: RedisTopology, { nodes = 3, topics = 40, perSecond = 500, prefix = 'topgun' } = {}) {
    this.#topics = Array.from({ length: topics }, (_, at) => `load/${at}`);
    this.#perSecond = perSecond;
    this.nodes = Array.from(
      { length: nodes },
      (_, at) => new LoadedNode(`n${at}`, openBus(topology, `n${at}`, prefix)),
    );
  }

  async start(): Promise<void> {
    for (const node of this.nodes) {
      await node.open();
      await node.listen(...this.#topics);
    }
    let lastMs = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#owed += ((now - lastMs) * this.#perSecond) / 1_000;
      lastMs = now;
      for (; this.#owed >= 1; this.#owed--) this.#publish();
    }, TICK_MS);
  }

  /** No more is published; resolves when every node has heard all that was accepted, and every publish is answered. */
  async finish(patienceMs = 30_000): Promise<void> {
    clearInterval(this.#timer);
    await eventually('every publish is answered', () => this.#pending === 0, patienceMs);
    await eventually(
      'all nodes have heard all that was accepted',
      () => this.nodes.every((node) => node.heard.length >= this.accepted.length),
      patienceMs,
    ).catch(() => undefined); // what is missing is counted by the caller
  }

  /** Accepted messages that a node has not heard, over all nodes. */
  get undelivered(): string[] {
    return this.nodes.flatMap((node) => {
      const heard = new Set(node.heard.map(({ id }) => id));
      return this.accepted
        .filter(({ id }) => !heard.has(id))
        .map(({ id }) => `${node.id} has not heard ${id}`);
    });
  }

  /** Messages that a node has heard more than once, over all nodes. */
  get repeated(): string[] {
    return this.nodes.flatMap((node) => {
      const seen = new Set<string>();
      return node.heard
        .filter(({ id }) => seen.size === seen.add(id).size)
        .map(({ id }) => `${node.id} twice ${id}`);
    });
  }

  /** Longest time in which a node heard nothing of the others, ms. */
  get gapMs(): number {
    return Math.max(
      ...this.nodes.map(({ heardAt }) =>
        heardAt.reduce((longest, at, index) => Math.max(longest, at - (heardAt[index - 1] ?? at)), 0),
      ),
    );
  }

  get isWell(): boolean {
    return this.nodes.every(({ bus }) => bus.status === 'ok');
  }

  stats(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { bus } of this.nodes) {
      for (const [name, value] of Object.entries((bus as Bus & RedisBus).stats())) {
        if (typeof value === 'number') sums[name] = Math.round((sums[name] ?? 0) + value);
      }
    }
    return sums;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { bus } of this.nodes) await bus.close();
  }

  #publish(): void {
    const number = this.#published++;
    const node = this.nodes[number % this.nodes.length] as LoadedNode;
    const topic = this.#topics[Math.floor(number / this.nodes.length) % this.#topics.length] as string;
    this.#pending++;
    node.bus
      .append(node.draft(topic), plenty)
      .then(
        (message) => this.accepted.push(message),
        (error: unknown) => this.refusals.push(error),
      )
      .finally(() => {
        this.#pending--;
      });
  }
}
