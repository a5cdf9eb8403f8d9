import { serverError } from '../errors.js';
import type { ServerConfig } from './schema.js';

export type MailboxPlace = Pick<ServerConfig, 'mailboxes' | 'bridge' | 'redisUrl' | 'redisSentinels'>;

export const hasRedis = ({ redisUrl, redisSentinels }: MailboxPlace): boolean =>
  redisUrl !== '' || redisSentinels !== undefined;

/** Whether mailboxes lie in the store of this node, and not where all nodes find them. */
export const keepsMailboxes = (config: MailboxPlace): boolean =>
  config.mailboxes === 'embedded' || !hasRedis(config);

/**
 * Where there is a Redis there may be other nodes, and a mailbox in the store of one of them is unknown to the others: nobody is to
 * find that out by messages that never come, so it has to be said (MBX-2). Throws CONFIG_INVALID.
 */
export function checkMailboxes(config: MailboxPlace): void {
  const { mailboxes, bridge } = config;
  if (mailboxes === 'redis' && !hasRedis(config)) {
    throw serverError(
      'CONFIG_INVALID',
      'mailboxes: found "redis", and neither redisUrl nor redisSentinels names one.',
    );
  }
  if (bridge && mailboxes === undefined && hasRedis(config)) {
    throw serverError(
      'CONFIG_INVALID',
      'mailboxes: with a Redis and the bridge say where they lie. redis: several nodes serve the bridge, and any of them knows a mailbox; embedded: one node serves it, and mailboxes lie on its disk.',
    );
  }
}
