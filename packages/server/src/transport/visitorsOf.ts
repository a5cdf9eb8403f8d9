import { getHeapStatistics } from 'node:v8';
import type { ServerConfig } from '../config/schema.js';
import { HttpRates } from '../doors/HttpRates.js';
import { LimitCounts } from '../limits/LimitCounts.js';
import { ClientAddress } from '../security/ClientAddress.js';
import { Origins } from '../security/Origins.js';
import { HandshakeGuard } from './HandshakeGuard.js';
import { type OutQueues, outQueuesOf, type SlowSocket } from './OutQueues.js';

/** What the doors of a server share: who may come in, from where, and what is counted of those who may not. */
export interface Visitors {
  readonly guard: HandshakeGuard;
  readonly origins: Origins;
  readonly addresses: ClientAddress;
  /** of requests over HTTP */
  readonly rates: HttpRates;
  readonly limits: LimitCounts;
  /** what all sockets together hold unsent */
  readonly queues: OutQueues<SlowSocket>;
}

export function visitorsOf(config: ServerConfig): Visitors {
  const limits = new LimitCounts();
  return {
    guard: new HandshakeGuard(config, limits),
    origins: new Origins({ ...config, loopbackOnly: config.dev }),
    addresses: new ClientAddress(config),
    rates: new HttpRates(config, limits),
    limits,
    queues: outQueuesOf(config.outQueuesHeapShare * getHeapStatistics().heap_size_limit),
  };
}
