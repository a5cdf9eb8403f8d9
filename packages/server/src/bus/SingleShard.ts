import { PARTITION_COUNT } from '@topgun/core';
import { Opening } from './Opening.js';
import type { LinkEvents, RedisLink } from './RedisLink.js';
import type { ShardParts, Shards } from './Shards.js';
import { denial, isUnfit } from './unfit.js';

const ALL = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);

/** One master serves all partitions: a Redis by itself, or the one that Sentinels name. */
export class SingleShard implements Shards {
  readonly #parts: ShardParts;
  readonly #link: RedisLink;
  readonly #opening = new Opening();

  constructor(name: string, parts: ShardParts) {
    this.#parts = parts;
    const events: LinkEvents = {
      up: (link) => void this.#up(link),
      down: () => parts.events.away(ALL),
      message: (_link, _channel, text) => parts.events.message(text),
      failed: (link) => {
        parts.events.failed();
        const denied = denial(link.lastError);
        if (denied !== undefined) this.#opening.failed(denied);
      },
      moved: () => undefined,
    };
    this.#link = parts.connect(name, events);
  }

  get links(): readonly RedisLink[] {
    return [this.#link];
  }

  open(): Promise<void> {
    return this.#opening.wait(() => this.#link.start());
  }

  of(): RedisLink {
    return this.#link;
  }

  /** The master may be one no longer: it is asked for anew. */
  doubt(): void {
    if (this.#link.isUp) this.#link.restart(new Error('this Redis does not take writes'));
  }

  close(): void {
    this.#link.stop();
  }

  async #up(link: RedisLink): Promise<void> {
    try {
      await this.#parts.admit(link);
      await link.watch(this.#parts.pingChannel(0));
      this.#parts.events.served(ALL, link);
      this.#opening.done();
    } catch (error) {
      if (isUnfit(error)) {
        this.#opening.failed(error);
        this.#parts.logger.error({ err: error }, 'this Redis cannot carry topics');
      }
      link.restart(error as Error);
    }
  }
}
