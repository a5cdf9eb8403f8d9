import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { setting, text, wholeNumber } from './setting.js';

const isRedisUrls = (urls: string): boolean =>
  urls === '' ||
  urls
    .split(',')
    .every((url) => /^rediss?:\/\/([^@/\s]*@)?(\[[\da-fA-F:.]+\]|[\w.-]+)(:\d{1,5})?\/?$/.test(url));

/** Redis, where several nodes carry the messages of topics to each other over one. */
export const busSettings = {
  redisUrl: setting(
    z.string().refine(isRedisUrls).default(''),
    'text',
    'redis://user:password@host:port, rediss:// for TLS; of a cluster some of its nodes, parted by commas; empty for none',
    'Redis 7 or later that carries the messages of topics between nodes; none when left out.',
    { secret: true },
  ),
  redisCluster: setting(
    z.boolean().default(false),
    'boolean',
    'true or false',
    'Redis is a Redis Cluster: the address is that of any of its nodes.',
  ),
  redisSentinels: setting(
    z
      .array(z.string().regex(/^(\[[\da-fA-F:.]+\]|[\w.-]+):\d{1,5}$/))
      .max(LIMITS.busServers)
      .optional(),
    'list',
    `up to ${LIMITS.busServers} of host:port, parted by commas`,
    'Sentinels that name the Redis master; of redisUrl only scheme, user and password count then.',
  ),
  redisMasterName: setting(
    text.default('mymaster'),
    'text',
    'a name',
    'What the Sentinels call the group of the master.',
  ),
  redisPrefix: setting(
    z
      .string()
      .regex(/^[\w.:-]{1,64}$/)
      .default('topgun'),
    'text',
    '1 to 64 of A-Z a-z 0-9 _ . : -',
    'First part of all names in Redis. Servers with different prefixes do not hear each other.',
  ),
  redisTlsInsecure: setting(
    z.boolean().default(false),
    'boolean',
    'true or false',
    'With rediss: take any certificate. The connection is encrypted, but who is at its other end is not known.',
  ),
  redisReplicas: setting(
    wholeNumber(0, LIMITS.busReplicas, 0),
    'number',
    `a whole number from 0 to ${LIMITS.busReplicas}`,
    'Replicas of its Redis master that must have a durable message, as those of mailboxes are, before it is accepted; 0: the master alone.',
  ),
} as const;
