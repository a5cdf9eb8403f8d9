import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { count, setting } from './setting.js';

/** How much of something there may be at once. */
export const limitsSettings = {
  connectionsMax: count(1_000_000, LIMITS.connections, 'Sockets open at once.'),
  connectionsPerIpMax: count(1_000_000, LIMITS.connectionsPerIp, 'Sockets open at once from one address.'),
  outQueuesHeapShare: setting(
    z.number().min(0.01).max(0.9).default(LIMITS.outQueuesHeapShare),
    'number',
    'a share from 0.01 to 0.9',
    "What all sockets together may hold unsent, as a share of the heap's limit; beyond it the slowest are cut.",
  ),
} as const;
