import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { Bus, BusListener, Draft, History, Position, Retention, TopicMessage } from '../topics/ports.js';
import type { Logger } from '../utils/logger.js';
import { AcceptedLog } from './AcceptedLog.js';
import { BusCounts } from './BusCounts.js';
import { decodeHeard } from './envelope.js';
import { groupBy } from './groupBy.js';
import type { Keys } from './keys.js';
import { LogCalls } from './LogCalls.js';
import { AWAY, Outbox } from './Outbox.js';
import { PartitionLane } from './PartitionLane.js';
import type { RedisCommand, RedisLink } from './RedisLink.js';
import { readdLost } from './readdLost.js';
import { SeenIds } from './SeenIds.js';
import type { ShardEvents, Shards } from './Shards.js';
import { isElsewhere, unavailable } from './Waiting.js';

/** Told how long things take, ms. */
export interface BusTimes {
  /** a message of a topic with a log: from publishing until it is accepted */
  busPublished(ms: number): void;
  /** a message of any node: from publishing until it comes here; by the clocks of two nodes, so at least 0 */
  busHeard(ms: number): void;
  redisAnswered(command: RedisCommand, ms: number): void;
}

export interface RedisBusParts {
  readonly nodeId: string;
  readonly keys: Keys;
  readonly logger: Logger;
  readonly wallMs: () => number;
  /** makes the connections, and tells of them through `events` */
  readonly shards: (events: ShardEvents) => Shards;
  readonly times: () => BusTimes;
}

/** What is to be told of a bus; counters only ever grow. */
export type BusStats = ReturnType<RedisBus['stats']>;

/**
 * Topics of several nodes over one Redis: single, behind Sentinels, or a cluster.
 *
 * A topic lies in one of 271 partitions, each a channel and a slot; a node subscribes to the channels of its topics. One script gives a
 * message of a logged topic its place, appends it and publishes it. Nothing is believed of subscriptions: each live message names the one
 * before it (`TopicLine`), a connection is never mended (`RedisLink`), and whenever one is new, what is missing is read from the log, and what this
 * node had accepted in the last minute and Redis has lost is added again. While Redis is away, messages are delivered here and wait.
 */
export class RedisBus implements Bus {
  readonly #parts: RedisBusParts;
  readonly #shards: Shards;
  readonly #calls: LogCalls;
  readonly #lanes: readonly PartitionLane[];
  readonly #outbox: Outbox;
  readonly #accepted = new AcceptedLog();
  readonly #seen: SeenIds;
  readonly #counts = new BusCounts();
  #listener: BusListener | undefined;
  #retry: NodeJS.Timeout | undefined;
  #overdue: NodeJS.Timeout | undefined;
  #verifying: NodeJS.Timeout | undefined;
  #isClosed = false;
  #wasWell = false;

  constructor(parts: RedisBusParts) {
    this.#parts = parts;
    this.#calls = new LogCalls(parts.keys);
    this.#seen = new SeenIds(parts.wallMs());
    const owner = {
      deliver: (message: TopicMessage) => this.#deliver(message),
      hasHad: (topic: string, id: string) => this.#seen.has(topic, id),
      knowsSinceMs: () => this.#seen.sinceMs,
      lost: (topic: string) => {
        this.#counts.lost++;
        this.#listener?.lost(topic);
      },
      failed: (partition: number, error: unknown) => this.#failed(partition, error),
      filled: () => {
        this.#counts.fills++;
      },
    };
    this.#lanes = Array.from(
      { length: PARTITION_COUNT },
      (_, partition) => new PartitionLane(partition, parts.keys, this.#calls, owner),
    );
    this.#outbox = new Outbox({
      keys: parts.keys,
      calls: this.#calls,
      counts: this.#counts,
      accepted: this.#accepted,
      published: (ms) => parts.times().busPublished(ms),
      wallMs: parts.wallMs,
      laneOf: (partition) => this.#lanes[partition] as PartitionLane,
      deliver: (message) => this.#deliver(message),
      failed: (partition, error) => this.#failed(partition, error),
    });
    this.#shards = parts.shards({
      served: (partitions, link) => this.#served(partitions, link),
      away: (partitions) => this.#away(partitions),
      message: (text) => this.#heard(text),
      failed: () => {
        this.#counts.connectionErrors++;
      },
    });
  }

  async open(listener: BusListener): Promise<void> {
    this.#listener = listener;
    try {
      await this.#shards.open();
    } catch (error) {
      await this.close();
      throw error;
    }
    if (this.status === 'degraded') {
      this.#parts.logger.warn('Redis is not there yet: topics reach this node alone');
    }
    this.#overdue = setInterval(() => this.#outbox.refuseOverdue(), 1_000);
    this.#verifying = setInterval(() => {
      for (const lane of this.#lanes) void this.#verify(lane);
      for (const link of this.#shards.links) void look(link);
    }, LIMITS.busVerifyMs);
  }

  get status(): 'ok' | 'degraded' {
    return this.#lanes.every((lane) => lane.link !== undefined) ? 'ok' : 'degraded';
  }

  stats() {
    return this.#counts.snapshot({
      status: this.status,
      connections: this.#shards.links.reduce((sum, link) => sum + link.connections, 0),
      memory: this.#shards.links.map(({ name, memoryBytes }) => [name, memoryBytes] as const),
      waiting: this.#outbox.count,
      waitingBytes: this.#outbox.bytes,
      topics: this.#lanes.reduce((sum, lane) => sum + lane.size, 0),
    });
  }

  listen(topic: string): void {
    this.#laneOf(topic).listen(topic, this.#parts.wallMs());
  }

  unlisten(topic: string): void {
    this.#laneOf(topic).unlisten(topic);
  }

  send(draft: Draft): void {
    if (this.#isClosed) return;
    if (!this.#seen.add(draft.topic, draft.id, this.#parts.wallMs())) return;
    this.#listener?.message({ ...draft, ...AWAY });
    this.#outbox.send(draft);
  }

  append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    return this.#outbox.append(draft, retention);
  }

  async read(topic: string, after: Position | undefined, limit: number): Promise<History> {
    const lane = this.#laneOf(topic);
    await lane.opened(topic);
    const { link, service } = lane;
    if (link === undefined) return nothing(after);
    try {
      return await this.#calls.read(link, partitionOf(topic), topic, after, limit);
    } catch (error) {
      if (!isElsewhere(error)) throw unavailable('Redis refuses to read the log of a topic.', error);
      // What was asked of a connection that is gone says nothing about the next one.
      if (lane.service === service) this.#failed(partitionOf(topic), error);
      return nothing(after);
    }
  }

  /** What waits for Redis is refused: nobody would ever send it. */
  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#overdue);
    clearInterval(this.#verifying);
    this.#shards.close();
    this.#outbox.close();
    return Promise.resolve();
  }

  #laneOf(topic: string): PartitionLane {
    return this.#lanes[partitionOf(topic)] as PartitionLane;
  }

  #heard(text: string): void {
    const heard = decodeHeard(text);
    if (heard === undefined) {
      this.#counts.unreadable++;
      return;
    }
    this.#counts.received++;
    const { message, previous } = heard;
    this.#parts.times().busHeard(Math.max(0, this.#parts.wallMs() - message.ts));
    const lane = this.#laneOf(message.topic);
    if (!lane.has(message.topic)) return;
    if (previous !== undefined) lane.hear(heard);
    else if (message.node !== this.#parts.nodeId) this.#deliver(message);
  }

  #deliver(message: TopicMessage): void {
    if (this.#seen.add(message.topic, message.id, this.#parts.wallMs())) this.#listener?.message(message);
    else if (message.node !== this.#parts.nodeId) this.#counts.deduplicated++;
  }

  #failed(partition: number, error: unknown): void {
    this.#parts.logger.debug({ err: error }, 'a partition of topics is in doubt');
    this.#away([partition]);
    this.#shards.doubt();
  }

  #away(partitions: readonly number[]): void {
    const nowMs = this.#parts.wallMs();
    for (const partition of partitions) {
      this.#lanes[partition]?.rest();
      this.#accepted.rest(partition, nowMs);
      this.#outbox.rest(partition);
    }
    this.#logChange();
    if (this.#retry !== undefined || this.#isClosed) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#serveAgain();
    }, 2 * LIMITS.busRetryMs);
  }

  async #verify(lane: PartitionLane): Promise<void> {
    const { service } = lane;
    try {
      await lane.verify();
    } catch (error) {
      if (lane.service !== service) return;
      this.#failed(lane.partition, error);
    }
  }

  #logChange(): void {
    const isWell = this.status === 'ok';
    if (isWell === this.#wasWell || this.#isClosed) return;
    this.#wasWell = isWell;
    const { logger } = this.#parts;
    if (isWell) logger.info('Redis carries topics between nodes');
    else logger.warn('Redis is away, at least in part: topics reach this node alone, and messages wait');
  }

  /** Partitions whose master answers, though something failed with them. */
  #serveAgain(): void {
    const partitionsByLink = new Map<RedisLink, number[]>();
    for (const lane of this.#lanes) {
      const link = this.#shards.of(lane.partition);
      if (lane.state !== 'away' || link?.isUp !== true) continue;
      partitionsByLink.set(link, [...(partitionsByLink.get(link) ?? []), lane.partition]);
    }
    for (const [link, partitions] of partitionsByLink) this.#served(partitions, link);
  }

  #served(partitions: readonly number[], link: RedisLink): void {
    void look(link);
    const accepted = this.#accepted.of(new Set(partitions), this.#parts.wallMs());
    const lost = groupBy(accepted, ({ partition }) => partition);
    for (const partition of partitions) void this.#serve(partition, link, lost.get(partition) ?? []);
  }

  async #serve(
    partition: number,
    link: RedisLink,
    accepted: readonly { readonly accepted: Parameters<typeof readdLost>[3][number] }[],
  ): Promise<void> {
    const lane = this.#lanes[partition] as PartitionLane;
    const service = lane.begin();
    try {
      await lane.subscribe(link);
      if (accepted.length > 0) {
        const entries = accepted.map((entry) => entry.accepted);
        const added = await readdLost(this.#calls, link, partition, entries);
        this.#counts.readded += added;
      }
      if (lane.service !== service) return;
      lane.use(link);
      this.#accepted.wake(partition);
      this.#logChange();
      this.#outbox.sendWaiting(lane);
      await lane.compare();
    } catch (error) {
      if (lane.service === service) this.#failed(partition, error);
    }
  }
}

/** For metrics; one that does not answer is found by its pings. */
const look = (link: RedisLink): Promise<void> => link.look().catch(() => undefined);

/** Redis is away: who waits for it would wait for nothing that a node can say. */
const nothing = (after: Position | undefined): History => ({
  messages: [],
  recovered: after === undefined,
  latest: AWAY,
  hasMore: false,
});
