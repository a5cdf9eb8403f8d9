import { type BusConfig, type BusSurroundings, createRedisBus } from '../bus/createRedisBus.js';
import { LinkBus, type TopicLinks } from '../bus/links/LinkBus.js';
import type { BusStats, RedisBus } from '../bus/RedisBus.js';
import { keepsMailboxes, type MailboxPlace } from '../config/checkMailboxes.js';
import { isMailbox } from '../doors/bridge/clientId.js';
import { LocalBus } from './LocalBus.js';
import { PostgresLog } from './log/PostgresLog.js';
import { NotedBus } from './NotedBus.js';
import type { Bus, LogStore } from './ports.js';
import { SplitBus } from './SplitBus.js';

/** The bus of a node, and the part of it that reaches other nodes. */
export interface MadeBus {
  readonly bus: Bus;
  /** undefined where there is no Redis */
  readonly redis: RedisBus | undefined;
  /** of what reaches other nodes; undefined where nothing does */
  readonly stats?: () => BusStats;
}

/** The other nodes of a cluster, for topics that go by no Redis. */
export interface LinkedTopics {
  readonly links: TopicLinks;
  readonly isLogged: (topic: string) => boolean;
}

/**
 * The bus that the settings ask for. `log`: where this node keeps messages that other nodes know nothing of; one in PostgreSQL is that of all
 * nodes of the cluster, which are `linked` then.
 */
export function createBus(
  config: BusConfig & MailboxPlace,
  around: BusSurroundings,
  log: LogStore,
  linked?: LinkedTopics,
): MadeBus {
  const redis = createRedisBus(config, around);
  const made =
    redis === undefined ? withoutRedis(around, log, linked) : withRedis(config, around, redis, log);
  return { redis, ...made, bus: new NotedBus({ bus: made.bus, ...around }) };
}

function withoutRedis(
  around: BusSurroundings,
  log: LogStore,
  linked: LinkedTopics | undefined,
): Omit<MadeBus, 'redis'> {
  if (linked === undefined || !(log instanceof PostgresLog)) return { bus: new LocalBus(log) };
  const bus = new LinkBus({ ...around, ...linked, log, monoMs: () => performance.now() });
  return { bus, stats: () => bus.stats() };
}

function withRedis(
  config: MailboxPlace & BusConfig,
  { logger }: BusSurroundings,
  shared: RedisBus,
  log: LogStore,
): Omit<MadeBus, 'redis'> {
  const stats = (): BusStats => shared.stats();
  if (!keepsMailboxes(config)) return { bus: shared, stats };
  logger.warn('mailboxes lie on this node alone: send all requests of the bridge to it');
  return { bus: new SplitBus({ shared, own: new LocalBus(log), isOwn: isMailbox }), stats };
}
