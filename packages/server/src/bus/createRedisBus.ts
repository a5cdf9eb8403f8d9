import type { RedisOptions } from 'ioredis';
import type { ServerConfig } from '../config/schema.js';
import type { Logger } from '../utils/logger.js';
import { ClusterShards } from './ClusterShards.js';
import { Keys } from './keys.js';
import { type BusTimes, RedisBus } from './RedisBus.js';
import { type LinkOptions, RedisLink } from './RedisLink.js';
import type { ShardEvents, ShardParts, Shards } from './Shards.js';
import { SingleShard } from './SingleShard.js';
import { admit } from './unfit.js';

export type BusConfig = Pick<
  ServerConfig,
  | 'redisUrl'
  | 'redisCluster'
  | 'redisSentinels'
  | 'redisMasterName'
  | 'redisPrefix'
  | 'redisTlsInsecure'
  | 'redisReplicas'
>;

export interface BusSurroundings {
  readonly nodeId: string;
  readonly logger: Logger;
  readonly wallMs: () => number;
  /** told of what takes time */
  readonly times?: () => BusTimes;
}

const UNTOLD: BusTimes = {
  busPublished: () => undefined,
  busHeard: () => undefined,
  redisAnswered: () => undefined,
};

/** The bus that the settings ask for; undefined where they name no Redis. Opening it throws REDIS_UNFIT and REDIS_DENIED. */
export function createRedisBus(config: BusConfig, around: BusSurroundings): RedisBus | undefined {
  const { redisSentinels: sentinels } = config;
  if (config.redisUrl === '' && sentinels === undefined) return undefined;
  const keys = new Keys(config.redisPrefix);
  const { nodeId, logger, wallMs, times = () => UNTOLD } = around;
  const shards = (events: ShardEvents): Shards => {
    const parts: ShardParts = {
      events,
      logger,
      connect: (name, linkEvents, isPassing = false) => {
        const options: LinkOptions = {
          redis: optionsOf(name, config),
          isSharded: config.redisCluster,
          replicas: isPassing ? 0 : config.redisReplicas,
          answered: (command, ms) => times().redisAnswered(command, ms),
        };
        return new RedisLink(name, options, linkEvents);
      },
      admit: (link) => admit(link, config, logger),
      pingChannel: (partition) => keys.ping(partition, nodeId),
    };
    if (sentinels !== undefined) return new SingleShard(sentinels.join(), parts);
    const names = config.redisUrl.split(',').map(addressOf);
    return config.redisCluster ? new ClusterShards(names, parts) : new SingleShard(names[0] ?? '', parts);
  };
  return new RedisBus({ nodeId, keys, logger, wallMs, shards, times });
}

function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '6379' : port}`;
}

function hostAndPort(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

function optionsOf(name: string, config: BusConfig): RedisOptions {
  const common = credentialsOf(config);
  const { redisSentinels: sentinels } = config;
  if (sentinels === undefined) return { ...common, ...hostAndPort(name) };
  return {
    ...common,
    sentinels: sentinels.map(hostAndPort),
    name: config.redisMasterName,
    enableTLSForSentinelMode: common.tls !== undefined,
    failoverDetector: true,
  };
}

function credentialsOf({ redisUrl, redisTlsInsecure }: BusConfig): RedisOptions {
  if (redisUrl === '') return {};
  const { protocol, username, password } = new URL(redisUrl.split(',')[0] ?? '');
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: { rejectUnauthorized: !redisTlsInsecure } } : {}),
  };
}
