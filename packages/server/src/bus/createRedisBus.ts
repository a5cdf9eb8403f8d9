import type { RedisOptions } from 'ioredis';
import type { ServerConfig } from '../config/schema.js';
import type { Logger } from '../utils/logger.js';
import { ClusterShards } from './ClusterShards.js';
import { Keys } from './keys.js';
import { RedisBus } from './RedisBus.js';
import { type LinkEvents, RedisLink } from './RedisLink.js';
import type { ShardEvents, ShardParts, Shards } from './Shards.js';
import { SingleShard } from './SingleShard.js';
import { admit } from './unfit.js';

export type BusConfig = Pick<
  ServerConfig,
  'redisUrl' | 'redisCluster' | 'redisSentinels' | 'redisMasterName' | 'redisPrefix' | 'redisTlsInsecure'
>;

export interface BusSurroundings {
  readonly nodeId: string;
  readonly logger: Logger;
  readonly wallMs: () => number;
}

/** The bus that the settings ask for; undefined where they name no Redis. Opening it throws REDIS_UNFIT and REDIS_DENIED. */
export function createRedisBus(config: BusConfig, around: BusSurroundings): RedisBus | undefined {
  const { redisSentinels: sentinels } = config;
  if (config.redisUrl === '' && sentinels === undefined) return undefined;
  const keys = new Keys(config.redisPrefix);
  const { nodeId, logger, wallMs } = around;
  const shards = (events: ShardEvents): Shards => {
    const parts: ShardParts = {
      events,
      logger,
      connect: (name, linkEvents) => connect(name, config, linkEvents),
      admit: (link) => admit(link, config.redisCluster, logger),
      pingChannel: (partition) => keys.ping(partition, nodeId),
    };
    if (sentinels !== undefined) return new SingleShard(sentinels.join(), parts);
    const names = config.redisUrl.split(',').map(addressOf);
    return config.redisCluster ? new ClusterShards(names, parts) : new SingleShard(names[0] ?? '', parts);
  };
  return new RedisBus({ nodeId, keys, logger, wallMs, shards });
}

function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '6379' : port}`;
}

function hostAndPort(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}

function connect(name: string, config: BusConfig, events: LinkEvents): RedisLink {
  const common = credentialsOf(config);
  const { redisSentinels: sentinels } = config;
  const options: RedisOptions =
    sentinels === undefined
      ? { ...common, ...hostAndPort(name) }
      : {
          ...common,
          sentinels: sentinels.map(hostAndPort),
          name: config.redisMasterName,
          enableTLSForSentinelMode: common.tls !== undefined,
          failoverDetector: true,
        };
  return new RedisLink(name, options, config.redisCluster, events);
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
