import { PARTITION_COUNT } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { Opening } from './Opening.js';
import { slotOfPartition } from './partitionTags.js';
import type { LinkEvents, RedisLink } from './RedisLink.js';
import type { ShardParts, Shards } from './Shards.js';
import { denial, isUnfit } from './unfit.js';

/** `CLUSTER SLOTS`: first slot, last slot, master, replicas; a node is host, port and more. */
type SlotRange = readonly [first: number, last: number, ...nodes: (readonly [host: unknown, port: number])[]];

interface Master {
  readonly link: RedisLink;
  /** its ping goes through the channel of this partition; undefined before it is admitted */
  pinged: number | undefined;
}

/**
 * The masters of a Redis Cluster, one connection each, and the map of slots, read by ourselves: from any node that answers, every few seconds,
 * and at once when a connection is lost, a slot has moved, or the owner of a partition is in doubt.
 */
export class ClusterShards implements Shards {
  readonly #parts: ShardParts;
  /** addresses where the map can be asked for: the settings', and all nodes of the last map */
  #known: readonly string[];
  readonly #seeds: readonly string[];
  readonly #masters = new Map<string, Master>();
  #owners: readonly (string | undefined)[] = new Array<undefined>(PARTITION_COUNT).fill(undefined);
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isDoubted = false;
  #isClosed = false;
  #retryMs: number = LIMITS.busRetryMs;
  readonly #opening = new Opening();

  constructor(seeds: readonly string[], parts: ShardParts) {
    this.#seeds = seeds;
    this.#known = seeds;
    this.#parts = parts;
  }

  get links(): readonly RedisLink[] {
    return [...this.#masters.values()].map(({ link }) => link);
  }

  open(): Promise<void> {
    return this.#opening.wait(() => this.doubt());
  }

  of(partition: number): RedisLink | undefined {
    const name = this.#owners[partition];
    const master = name === undefined ? undefined : this.#masters.get(name);
    return master?.pinged === undefined ? undefined : master.link;
  }

  doubt(): void {
    if (this.#isClosed) return;
    this.#isDoubted = true;
    if (!this.#isReading) void this.#read();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { link } of this.#masters.values()) link.stop();
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isReading = true;
    this.#isDoubted = false;
    const isRead = await this.#readFromAny();
    this.#isReading = false;
    if (this.#isClosed) return;
    this.#retryMs = isRead ? LIMITS.busRetryMs : Math.min(2 * this.#retryMs, LIMITS.busRetryMsMax);
    const isWell = this.links.every((link) => link.isUp);
    const quietMs = isWell ? LIMITS.busTopologyMs : LIMITS.busRetryMsMax / 2;
    const waitMs = isRead && !this.#isDoubted ? quietMs : this.#retryMs;
    this.#timer = setTimeout(() => void this.#read(), waitMs);
  }

  async #readFromAny(): Promise<boolean> {
    for (const { link } of this.#masters.values()) {
      if (!link.isUp) continue;
      try {
        this.#take((await answerOf(link)) as readonly SlotRange[], link.name);
        return true;
      } catch {
        // the next one is asked; this one's own watchdog judges it
      }
    }
    for (const name of this.#known) {
      if (this.#isClosed) return false;
      try {
        this.#take(await this.#askAt(name), name);
        return true;
      } catch (error) {
        if (isUnfit(error)) this.#opening.failed(error);
      }
    }
    this.#known = this.#seeds;
    return false;
  }

  /** Through a connection of its own that ends with the answer. */
  #askAt(name: string): Promise<readonly SlotRange[]> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => done(new Error('no answer in time')), LIMITS.busAnswerMs);
      const events: LinkEvents = {
        up: (it) => {
          this.#parts
            .admit(it)
            .then(() => it.call('CLUSTER', 'SLOTS'))
            .then((ranges) => done(undefined, ranges), done);
        },
        down: () => undefined, // it has failed, too
        message: () => undefined,
        failed: (it) => {
          this.#parts.events.failed();
          done(denial(it.lastError) ?? it.lastError ?? new Error('connection lost'));
        },
        moved: () => undefined,
      };
      const link = this.#parts.connect(name, events, true);
      const done = (error: unknown, ranges?: unknown): void => {
        clearTimeout(late);
        if (error === undefined) resolve(ranges as readonly SlotRange[]);
        else reject(error);
        link.stop();
      };
      link.start();
    });
  }

  #take(ranges: readonly SlotRange[], asked: string): void {
    if (this.#isClosed) return;
    const askedHost = asked.slice(0, asked.lastIndexOf(':'));
    // A node that does not know its own address leaves it out: it is that under which it was asked.
    const nameOf = ([host, port]: readonly [unknown, number]): string =>
      `${host ? String(host) : askedHost}:${port}`;
    const owners = new Array<string | undefined>(PARTITION_COUNT).fill(undefined);
    const masters = new Set<string>();
    for (const [first, last, master] of ranges) {
      if (master === undefined) continue;
      masters.add(nameOf(master));
      for (let partition = 0; partition < PARTITION_COUNT; partition++) {
        const slot = slotOfPartition(partition);
        if (slot >= first && slot <= last) owners[partition] = nameOf(master);
      }
    }
    const known = ranges.flatMap(([, , ...nodes]) => nodes.map(nameOf));
    this.#known = [...new Set([...known, ...this.#seeds])].slice(0, LIMITS.busServers);
    const changed = owners.flatMap((name, partition) =>
      name === this.#owners[partition] ? [] : [partition],
    );
    const given = changed.filter((partition) => this.#owners[partition] !== undefined);
    this.#owners = owners;
    if (given.length > 0) this.#parts.events.away(given);
    for (const [name, { link }] of this.#masters) {
      if (masters.has(name)) continue;
      this.#masters.delete(name);
      link.stop();
    }
    for (const name of masters) {
      const master = this.#masters.get(name);
      if (master === undefined) this.#connect(name);
      else if (master.link.isUp) void this.#serve(name, master, changed);
    }
  }

  #connect(name: string): void {
    const events: LinkEvents = {
      up: () => void this.#up(name),
      down: () => {
        const master = this.#masters.get(name);
        if (master !== undefined) master.pinged = undefined;
        this.#parts.events.away(this.#partitionsOf(name));
        this.doubt();
      },
      message: (_link, _channel, text) => this.#parts.events.message(text),
      failed: () => this.#parts.events.failed(),
      moved: () => {
        // Also where the master stays: whoever tells it again whose a slot is ends all subscriptions in it.
        this.#parts.events.away(this.#partitionsOf(name));
        this.doubt();
      },
    };
    const link = this.#parts.connect(name, events);
    this.#masters.set(name, { link, pinged: undefined });
    link.start();
  }

  async #up(name: string): Promise<void> {
    const master = this.#masters.get(name);
    if (master === undefined) return;
    try {
      await this.#parts.admit(master.link);
      await this.#serve(name, master, this.#partitionsOf(name));
    } catch (error) {
      if (isUnfit(error)) this.#opening.failed(error);
      master.link.restart(error as Error);
    }
  }

  /** Of these partitions, those that the master has. */
  async #serve(name: string, master: Master, partitions: readonly number[]): Promise<void> {
    const [first] = this.#partitionsOf(name);
    if (first === undefined) return;
    if (master.pinged === undefined || this.#owners[master.pinged] !== name) {
      try {
        await master.link.watch(this.#parts.pingChannel(first));
      } catch (error) {
        master.link.restart(error as Error);
        return;
      }
      master.pinged = first;
    }
    const served = partitions.filter((partition) => this.#owners[partition] === name);
    if (served.length > 0) this.#parts.events.served(served, master.link);
    if (this.#owners.every((_, partition) => this.of(partition)?.isUp === true)) this.#opening.done();
  }

  #partitionsOf(name: string): number[] {
    return this.#owners.flatMap((owner, partition) => (owner === name ? [partition] : []));
  }
}

/** A node that is silent is found by its ping; the map of slots does not wait for that. */
function answerOf(link: RedisLink): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no answer in time')), LIMITS.busPingMs);
    link
      .call('CLUSTER', 'SLOTS')
      .then(resolve, reject)
      .finally(() => clearTimeout(late));
  });
}
