import { TopGunError } from '@topgun/core';
import type { ServerConfig } from '../config/schema.js';
import { serverError } from '../errors.js';
import type { Logger } from '../utils/logger.js';
import type { RedisLink } from './RedisLink.js';

/** Whether no waiting mends it. */
export const isUnfit = (error: unknown): boolean =>
  error instanceof TopGunError && (error.code === 'REDIS_UNFIT' || error.code === 'REDIS_DENIED');

/** REDIS_DENIED where Redis refused name, password or rights; undefined for anything else. */
export function denial(error: unknown): TopGunError | undefined {
  const text = error instanceof Error ? error.message : '';
  return /^(WRONGPASS|NOAUTH|NOPERM)\b/.test(text)
    ? serverError('REDIS_DENIED', `Redis refuses this server: ${/^\w+/.exec(text)?.[0]}.`)
    : undefined;
}

type Asked = Pick<ServerConfig, 'redisCluster' | 'redisReplicas'>;

/**
 * Throws REDIS_UNFIT where a Redis is too old for sharded subscriptions, or is no cluster although one was named. Warns where it may evict
 * what has to stay, and where fewer replicas are there than are asked for.
 */
export async function admit(
  link: RedisLink,
  { redisCluster: isCluster, redisReplicas }: Asked,
  logger: Logger,
): Promise<void> {
  try {
    const [known] = (await link.call('COMMAND', 'INFO', 'SPUBLISH')) as readonly unknown[];
    const info = String(await link.call('INFO'));
    const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'of an unknown version';
    if (!Array.isArray(known) || Number.parseInt(version, 10) < 7) {
      throw serverError('REDIS_UNFIT', `Redis ${version} has no sharded subscriptions (SPUBLISH).`);
    }
    const hasCluster = /^cluster_enabled:1/m.test(info);
    if (isCluster !== hasCluster) {
      const found = hasCluster ? 'is part of a Redis Cluster' : 'is no Redis Cluster';
      throw serverError('REDIS_UNFIT', `The Redis that was named ${found}.`);
    }
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? '';
    if (policy.startsWith('allkeys-')) {
      logger.warn(
        { problem: `maxmemory-policy is ${policy}` },
        'Redis may evict logs of topics: use noeviction or volatile-ttl',
      );
    }
    const replicas = Number(/^connected_slaves:(\d+)/m.exec(info)?.[1] ?? 0);
    if (replicas < redisReplicas) {
      logger.warn(
        { problem: `a master has ${replicas} replicas, redisReplicas asks for ${redisReplicas}` },
        'durable messages are not accepted until there are more',
      );
    }
  } catch (error) {
    throw denial(error) ?? error;
  }
}
