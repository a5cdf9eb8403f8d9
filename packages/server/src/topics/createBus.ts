import { type BusConfig, type BusSurroundings, createRedisBus } from '../bus/createRedisBus.js';
import type { RedisBus } from '../bus/RedisBus.js';
import { keepsMailboxes, type MailboxPlace } from '../config/checkMailboxes.js';
import { isMailbox } from '../doors/bridge/clientId.js';
import { LocalBus } from './LocalBus.js';
import { NotedBus } from './NotedBus.js';
import type { Bus, LogStore } from './ports.js';
import { SplitBus } from './SplitBus.js';

/** The bus of a node, and the part of it that reaches other nodes; undefined where there is no Redis. */
export interface MadeBus {
  readonly bus: Bus;
  readonly redis: RedisBus | undefined;
}

/** The bus that the settings ask for. `log`: where this node keeps messages that other nodes know nothing of. */
export function createBus(
  config: BusConfig & MailboxPlace,
  around: BusSurroundings,
  log: Pick<LogStore, 'append' | 'read'>,
): MadeBus {
  const redis = createRedisBus(config, around);
  const own = new LocalBus(log);
  const bus = redis === undefined ? own : together(config, around, redis, own);
  return { bus: new NotedBus({ bus, ...around }), redis };
}

function together(config: MailboxPlace & BusConfig, { logger }: BusSurroundings, shared: Bus, own: Bus): Bus {
  if (!keepsMailboxes(config)) return shared;
  logger.warn('mailboxes lie on this node alone: send all requests of the bridge to it');
  return new SplitBus({ shared, own, isOwn: isMailbox });
}
