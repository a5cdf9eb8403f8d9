import { randomUUID } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import type { BusConfig } from '../bus/createRedisBus.js';
import type { TopicLinks } from '../bus/links/LinkBus.js';
import type { BusStats, BusTimes, RedisBus } from '../bus/RedisBus.js';
import { hasRedis, type MailboxPlace } from '../config/checkMailboxes.js';
import type { ServerConfig } from '../config/schema.js';
import { type MailboxSettings, mailboxNamespace } from '../doors/bridge/mailboxNamespace.js';
import { EmbeddedStore } from '../storage/embedded/EmbeddedStore.js';
import { PostgresStore } from '../storage/postgres/PostgresStore.js';
import type { Store } from '../storage/Store.js';
import type { Logger } from '../utils/logger.js';
import { nextTurn } from '../utils/nextTurn.js';
import { createBus, type MadeBus } from './createBus.js';
import { createTopicLog, type TopicLogParts } from './log/createTopicLog.js';
import { Namespaces, namespaceOf } from './Namespaces.js';
import type { Bus, LogStore } from './ports.js';
import { Presence } from './presence/Presence.js';
import { type RoomLimits, type RoomStats, Rooms } from './rooms/Rooms.js';
import { TopicHub, type TopicStats } from './TopicHub.js';
import { type TopicPolicies, topicGate } from './topicGate.js';

export interface TopicServiceParts {
  readonly config: Pick<ServerConfig, 'dataDir' | 'topicNamespaces' | 'roomPresence'> &
    BusConfig &
    MailboxPlace &
    RoomLimits &
    MailboxSettings;
  /** where records are: the logs of topics that are to survive the process lie beside those of the embedded store, with a database in `dataDir` */
  readonly store: Store;
  readonly nodeId: string;
  readonly wallMs: () => number;
  readonly logger: Logger;
  /** told how long Redis takes */
  readonly metrics: () => { readonly bus: BusTimes };
  /** the policies in force; asked for when the hub is open */
  readonly policies: () => TopicPolicies;
  /** to the other nodes of a cluster; undefined: the server is alone */
  readonly links?: TopicLinks | undefined;
  /** the disk of the log can no longer be trusted */
  readonly onFatal: (error: unknown) => void;
}

/** What is to be told of the topics of a node; counters only ever grow. */
export interface TopicFigures extends TopicStats {
  readonly log: ReturnType<LogStore['stats']>;
  readonly rooms: RoomStats;
  /** of Redis, or of the links of a cluster; undefined: there are no other nodes */
  readonly bus: BusStats | undefined;
}

/** Hub, bus and log of a node: made, opened and closed together (HUB-10). */
export class TopicService {
  readonly #parts: TopicServiceParts;
  readonly #log: LogStore;
  readonly #bus: Bus;
  readonly #redis: RedisBus | undefined;
  readonly #busStats: MadeBus['stats'];
  readonly #rooms: Rooms;
  readonly #presence: Presence | undefined;
  readonly #made: TopicHub;
  #hub: TopicHub | undefined;
  #sweeping: NodeJS.Timeout | undefined;
  #puttingOut: NodeJS.Timeout | undefined;
  #saying: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(parts: TopicServiceParts) {
    const { config, nodeId, wallMs, links } = parts;
    const ofDoors = config.bridge ? [mailboxNamespace(config)] : [];
    const namespaces = new Namespaces([...ofDoors, ...config.topicNamespaces.map(namespaceOf)]);
    this.#parts = parts;
    this.#log = createTopicLog({
      ...homeOf(parts),
      isDurable: (topic) => namespaces.retentionOf(topic)?.durable === true,
      wallMs,
      onStopped: parts.onFatal,
    });
    const isLogged = (topic: string): boolean => namespaces.retentionOf(topic) !== undefined;
    const { bus, redis, stats } = createBus(
      config,
      { nodeId, wallMs, logger: parts.logger, times: () => parts.metrics().bus },
      this.#log,
      links && { links, isLogged },
    );
    this.#bus = bus;
    this.#redis = redis;
    this.#busStats = stats;
    const gate = topicGate(parts.policies, wallMs);
    this.#rooms = new Rooms(config, {
      entered: (...entry) => this.#presence?.entered(...entry),
      said: (...state) => this.#presence?.said(...state),
      left: (...exit) => this.#presence?.left(...exit),
    });
    this.#made = new TopicHub({
      nextTurn,
      bus: this.#bus,
      namespaces,
      gate,
      nodeId,
      wallMs,
      drawId: randomUUID,
      rooms: this.#rooms,
    });
    const onFault = (error: unknown): void =>
      parts.logger.debug({ err: error }, 'an announcement of who is present was left out');
    if (config.roomPresence) this.#presence = new Presence({ topics: this.#made, nodeId, wallMs, onFault });
  }

  /** undefined before it is open, and after it was closed. */
  topics(): TopicHub | undefined {
    return this.#hub;
  }

  /** Throws what log and bus throw; nothing is left open then but what `close` closes. */
  async open(): Promise<void> {
    await this.#log.open();
    await this.#bus.open(this.#made);
    this.#hub = this.#made;
    this.#sweepLater();
    this.#putOutLater();
  }

  /** Who is in which room; undefined where that is not announced, and while it is not open. */
  presence(): { readonly presence: Presence; readonly topics: TopicHub } | undefined {
    const topics = this.#hub;
    return topics && this.#presence && { presence: this.#presence, topics };
  }

  /** Other policies hold. */
  review(): void {
    this.#hub?.reviewAll();
  }

  /** Whether other nodes are heard; off: there are none. */
  get redis(): 'up' | 'down' | 'off' {
    if (this.#redis === undefined) return 'off';
    return this.#redis.status === 'ok' ? 'up' : 'down';
  }

  figures(): TopicFigures {
    const log = this.#log.stats();
    return { ...this.#made.stats(), log, rooms: this.#rooms.stats(), bus: this.#busStats?.() };
  }

  /** Whoever still hears is told; what was to be kept is kept. */
  async close(): Promise<void> {
    clearTimeout(this.#sweeping);
    clearInterval(this.#puttingOut);
    clearInterval(this.#saying);
    clearInterval(this.#looking);
    const hub = this.#hub;
    this.#hub = undefined;
    hub?.close();
    await this.#bus.close();
    await this.#log.close();
  }

  #putOutLater(): void {
    this.#puttingOut = setInterval(() => this.#hub?.putOut(), LIMITS.roomLookMs);
    this.#puttingOut.unref();
    this.#saying = setInterval(() => void this.#presence?.sayAll(), LIMITS.presenceSayMs);
    this.#saying.unref();
    this.#looking = setInterval(() => this.#presence?.look(), LIMITS.presenceLookMs);
    this.#looking.unref();
  }

  #sweepLater(delayMs: number = LIMITS.topicSweepMs): void {
    this.#sweeping = setTimeout(() => void this.#sweep(), delayMs);
    this.#sweeping.unref();
  }

  async #sweep(): Promise<void> {
    let isMoreDue = false;
    try {
      isMoreDue = await this.#log.sweep(this.#parts.wallMs());
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'messages whose time is over were not forgotten');
    }
    if (this.#hub !== undefined) this.#sweepLater(isMoreDue ? 0 : LIMITS.topicSweepMs);
  }
}

/**
 * Where logs of topics lie that are to survive the process; with a store in memory, or of the program, nowhere. Nodes that are linked share
 * one in their database, unless a Redis carries topics: then it is for what this node keeps for itself.
 */
function homeOf({
  config,
  store,
  links,
}: TopicServiceParts): Pick<TopicLogParts, 'storage' | 'dataDir' | 'shared'> {
  const { dataDir } = config;
  if (store instanceof EmbeddedStore) return { storage: 'embedded', dataDir: store.folder };
  if (!(store instanceof PostgresStore)) return { storage: 'memory', dataDir: '' };
  const isShared = links !== undefined && !hasRedis(config);
  return { storage: 'embedded', dataDir, ...(isShared && { shared: store.address }) };
}
