import { LIMITS } from '@topgun/protocol';
import { count } from './setting.js';

/** How much of something there may be at once. */
export const limitsSettings = {
  connectionsMax: count(1_000_000, LIMITS.connections, 'Sockets open at once.'),
  connectionsPerIpMax: count(1_000_000, LIMITS.connectionsPerIp, 'Sockets open at once from one address.'),
} as const;
