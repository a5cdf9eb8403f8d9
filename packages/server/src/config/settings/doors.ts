import { LIMITS } from '@topgun/protocol';
import { count, setting, wholeNumber } from './setting.js';

/** How many connections each door holds open, of one user, from one address and in all. */
export const doorSettings = {
  sseConnectionsMax: count(1_000_000, LIMITS.sseConnections, 'Event streams open at once.'),
  sseConnectionsPerUserMax: count(
    1_000_000,
    LIMITS.sseConnectionsPerPrincipal,
    'Event streams that one subject of tokens may have open at once.',
  ),
  sseConnectionsPerIpMax: count(
    1_000_000,
    LIMITS.sseConnectionsPerIp,
    'Event streams open at once from one address.',
  ),
  sseHeartbeatMs: setting(
    wholeNumber(1_000, 3_600_000, LIMITS.sseHeartbeatMs),
    'number',
    'milliseconds from 1000 to 3600000',
    'Pause between two comments that keep a silent event stream open, in ms.',
  ),
  bridgeConnectionsMax: count(
    1_000_000,
    LIMITS.bridgeConnections,
    'Listeners of the message bridge at once.',
  ),
  bridgeConnectionsPerIpMax: count(
    1_000_000,
    LIMITS.bridgeConnectionsPerIp,
    'Listeners of the message bridge at once from one address.',
  ),
  wsConnectionsMax: count(1_000_000, LIMITS.wsConnections, 'JSON sockets open at once.'),
  wsConnectionsPerUserMax: count(
    1_000_000,
    LIMITS.wsConnectionsPerPrincipal,
    'JSON sockets that one subject of tokens may have open at once.',
  ),
  wsConnectionsPerIpMax: count(
    1_000_000,
    LIMITS.wsConnectionsPerIp,
    'JSON sockets open at once from one address.',
  ),
} as const;
