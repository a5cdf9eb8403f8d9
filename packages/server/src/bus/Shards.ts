import type { Logger } from '../utils/logger.js';
import type { LinkEvents, RedisLink } from './RedisLink.js';

/** Which connection serves which of the 271 partitions. */
export interface Shards {
  /** Resolves when every master answers, or none has in time; what is missing then goes on by itself. Throws what no waiting mends. */
  open(): Promise<void>;
  /** The connection that serves a partition, whether it is up or not; undefined where the map of slots does not name one. */
  of(partition: number): RedisLink | undefined;
  readonly links: readonly RedisLink[];
  /** What is known of the masters may be old. */
  doubt(): void;
  close(): void;
}

/** What the owner of shards is told. */
export interface ShardEvents {
  /** these partitions are served by this link from now on, which is up: nothing of them is subscribed to there */
  served(partitions: readonly number[], link: RedisLink): void;
  /** these are served by nobody at the moment */
  away(partitions: readonly number[]): void;
  message(text: string): void;
  /** a connection was lost, or not made */
  failed(): void;
}

export interface ShardParts {
  readonly events: ShardEvents;
  readonly logger: Logger;
  /** makes a connection to one master; `isPassing`: for one question alone, nothing will be published through it */
  connect(name: string, events: LinkEvents, isPassing?: boolean): RedisLink;
  /** Asked of each connection before it serves; throws what it lacks. */
  admit(link: RedisLink): Promise<void>;
  /** name of the channel by which a node pings itself through the master of this partition */
  pingChannel(partition: number): string;
}
