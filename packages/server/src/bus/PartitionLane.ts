import { LIMITS } from '@topgun/protocol';
import type { TopicMessage } from '../topics/ports.js';
import type { Heard } from './envelope.js';
import type { Keys } from './keys.js';
import type { LogCalls, Tails } from './LogCalls.js';
import type { RedisLink } from './RedisLink.js';
import { TopicLine } from './TopicLine.js';

export interface LaneOwner {
  deliver(message: TopicMessage): void;
  hasHad(topic: string, id: string): boolean;
  knowsSinceMs(): number;
  lost(topic: string): void;
  filled(): void;
  /** something that its master should have answered failed, in the present service */
  failed(partition: number, error: unknown): void;
}

/** away: nobody serves it; begun: a master does, and it is being brought up to date; served: all goes through it */
export type LaneState = 'away' | 'begun' | 'served';

/**
 * One partition on this node: who serves it, and the lines of those of its topics that this node listens to. A service is the time from one
 * loss to the next; what was asked in one is not believed in another.
 */
export class PartitionLane {
  readonly partition: number;
  readonly #keys: Keys;
  readonly #calls: LogCalls;
  readonly #owner: LaneOwner;
  readonly #lines = new Map<string, TopicLine>();
  #state: LaneState = 'away';
  #link: RedisLink | undefined;
  #service = 0;
  #onServed: (() => void)[] = [];
  /** messages without a log wait for the other nodes to be back */
  holdsLive = false;
  /** nodes that heard the last one of them, in whatever service */
  heardBy = 0;

  constructor(partition: number, keys: Keys, calls: LogCalls, owner: LaneOwner) {
    this.partition = partition;
    this.#keys = keys;
    this.#calls = calls;
    this.#owner = owner;
  }

  get state(): LaneState {
    return this.#state;
  }

  /** undefined unless it is served */
  get link(): RedisLink | undefined {
    return this.#link;
  }

  get service(): number {
    return this.#service;
  }

  /** Topics listened to. */
  get size(): number {
    return this.#lines.size;
  }

  has(topic: string): boolean {
    return this.#lines.has(topic);
  }

  hear(heard: Heard): void {
    this.#lines.get(heard.message.topic)?.hear(heard);
  }

  /** Resolves when a reader of the topic misses nothing that comes after it has read, or when nobody serves it. */
  async opened(topic: string): Promise<void> {
    // Who begins to serve it may give up for another one to begin.
    while (this.#state === 'begun') await new Promise<void>((resolve) => this.#onServed.push(resolve));
    if (this.#state === 'served') await this.#lines.get(topic)?.opened();
  }

  listen(topic: string, nowMs: number): void {
    if (this.#lines.has(topic)) return;
    const isFirst = this.#lines.size === 0;
    const owner = {
      ...this.#owner,
      fill: (_: string, after: number) => void this.#fill(topic, after),
      wentBack: () => this.#owner.failed(this.partition, new Error('offsets have gone back')),
    };
    const line = new TopicLine(topic, owner, nowMs * 2048);
    this.#lines.set(topic, line);
    if (this.#state === 'away') line.pause();
    else if (this.#link !== undefined) void this.#open(topic, this.#link, isFirst);
  }

  unlisten(topic: string): void {
    const line = this.#lines.get(topic);
    if (line === undefined) return;
    line.pause();
    this.#lines.delete(topic);
    if (this.#lines.size > 0 || this.#link === undefined) return;
    const service = this.#service;
    this.#link.unsubscribe(this.#keys.live(this.partition)).catch((error: unknown) => {
      if (service === this.#service) this.#owner.failed(this.partition, error);
    });
  }

  /** Nobody serves it. */
  rest(): void {
    this.#service++;
    this.#state = 'away';
    this.#link = undefined;
    for (const line of this.#lines.values()) line.pause();
    this.#release();
  }

  /** A master is about to serve it; answers the number of the service. */
  begin(): number {
    this.rest();
    this.#state = 'begun';
    return this.#service;
  }

  async subscribe(link: RedisLink): Promise<void> {
    if (this.#lines.size > 0) await link.subscribe(this.#keys.live(this.partition));
  }

  use(link: RedisLink): void {
    this.#state = 'served';
    this.#link = link;
    this.#release();
  }

  #release(): void {
    const waiting = this.#onServed;
    this.#onServed = [];
    for (const resolve of waiting) resolve();
  }

  /** Whether as many nodes listen as before the last loss; a Redis that does not say so is taken at its silence. */
  async areOthersBack(): Promise<boolean> {
    const listeners = this.#link?.listeners(this.#keys.live(this.partition));
    return ((await listeners?.catch(() => this.heardBy)) ?? 0) >= this.heardBy;
  }

  /** Holds every line against the end of its log. */
  async compare(): Promise<void> {
    const link = this.#link;
    if (link === undefined || this.#lines.size === 0) return;
    // Whoever was listened to first while it was begun has not been subscribed to.
    await link.subscribe(this.#keys.live(this.partition));
    const topics = [...this.#lines.keys()];
    for (let from = 0; from < topics.length; from += LIMITS.busTailsCount) {
      await this.#stand(link, topics.slice(from, from + LIMITS.busTailsCount));
    }
  }

  /**
   * Looks whether the subscription is alive. What was published before the answer came before it through the same connection, so a log that
   * ends behind a line tells that it is not.
   */
  async verify(): Promise<void> {
    const link = this.#link;
    const service = this.#service;
    const lines = [...this.#lines].filter(([, line]) => line.isLive);
    for (let from = 0; link !== undefined && from < lines.length; from += LIMITS.busTailsCount) {
      const some = lines.slice(from, from + LIMITS.busTailsCount);
      const topics = some.map(([topic]) => topic);
      const tails = await this.#calls.tails(link, this.partition, '', topics, []);
      if (service !== this.#service) return;
      const isBehind = some.some(([, line], at) => line.isLive && (tails.last[at] ?? 0) > line.last);
      if (isBehind) throw new Error('the subscription is dead');
    }
  }

  async #open(topic: string, link: RedisLink, isFirst: boolean): Promise<void> {
    const service = this.#service;
    try {
      if (isFirst) await link.subscribe(this.#keys.live(this.partition));
      if (service === this.#service) await this.#stand(link, [topic]);
    } catch (error) {
      if (service === this.#service) this.#owner.failed(this.partition, error);
    }
  }

  async #stand(link: RedisLink, topics: readonly string[]): Promise<void> {
    const service = this.#service;
    const lines = topics.map((topic) => this.#lines.get(topic));
    // All lines of a partition that have an epoch have the same one, or are behind and will be compared by it.
    const epoch = lines.find((line) => line?.epoch)?.epoch ?? '';
    const seen = lines.map((line) => (line?.epoch === epoch && epoch !== '' ? line.last : 0));
    const tails: Tails = await this.#calls.tails(link, this.partition, epoch, topics, seen);
    if (service !== this.#service) return;
    for (const [at, topic] of topics.entries()) {
      const line = lines[at];
      if (line !== undefined && line === this.#lines.get(topic)) line.stands(tails, tails.last[at] ?? 0);
    }
  }

  async #fill(topic: string, after: number): Promise<void> {
    const link = this.#link;
    const service = this.#service;
    const line = this.#lines.get(topic);
    if (link === undefined || line === undefined) return;
    this.#owner.filled();
    try {
      const page = await this.#calls.readAnyEpoch(link, this.partition, topic, after, LIMITS.busReadCount);
      if (service === this.#service && line === this.#lines.get(topic)) line.filled(page);
    } catch (error) {
      if (service === this.#service) this.#owner.failed(this.partition, error);
    }
  }
}
