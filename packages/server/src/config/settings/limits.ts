import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { count, duration, setting } from './setting.js';

/** How much of something there may be, at once or in a time. A user is one subject of tokens, over all of its connections. */
export const limitsSettings = {
  connectionsMax: count(1_000_000, LIMITS.connections, 'Sockets open at once.'),
  connectionsPerIpMax: count(1_000_000, LIMITS.connectionsPerIp, 'Sockets open at once from one address.'),
  outQueuesHeapShare: setting(
    z.number().min(0.01).max(0.9).default(LIMITS.outQueuesHeapShare),
    'number',
    'a share from 0.01 to 0.9',
    "What all sockets together may hold unsent, as a share of the heap's limit; beyond it the slowest are cut.",
  ),
  connectionsPerUserMax: count(
    1_000_000,
    LIMITS.connectionsPerPrincipal,
    'Sockets that one subject of tokens may have open at once.',
  ),
  strangersMax: count(
    1_000_000,
    LIMITS.strangers,
    'Sockets open at once whose clients have not been authenticated.',
  ),
  handshakesMax: count(
    1_000_000,
    LIMITS.handshakesPerNode,
    'WebSocket handshakes a second; ten times as many at once after a pause.',
  ),
  handshakesPerIpMax: count(1_000_000, LIMITS.handshakesPerIp, 'The same from one address.'),
  httpRequestsPerIpMax: count(
    1_000_000,
    LIMITS.httpRequestsPerIp,
    'HTTP requests from one address a second; ten times as many at once.',
  ),
  httpRequestsPerUserMax: count(
    1_000_000,
    LIMITS.httpRequestsPerPrincipal,
    'The same with the tokens of one subject.',
  ),
  opsPerSecondPerUserMax: count(
    1_000_000,
    LIMITS.opsPerSecondPerPrincipal,
    'Writes and requests of one subject a second; ten times as many at once after a pause.',
  ),
  bytesPerSecondPerUserMax: count(
    1_000_000_000,
    LIMITS.bytesPerSecondPerPrincipal,
    'Bytes that one subject may send a second; ten times as many at once after a pause.',
  ),
  subscriptionsPerUserMax: count(
    1_000_000,
    LIMITS.subscriptionsPerPrincipal,
    'Maps, queries and topics that one subject may follow at once, over all of its connections.',
  ),
  mapsMax: count(10_000_000, LIMITS.mapsPerNode, 'Maps of the server.'),
  newMapsPerUserMax: count(
    10_000_000,
    LIMITS.newMapsPerPrincipal,
    'Maps that one subject may be the first to write to within an hour.',
  ),
  idleSessionMs: duration(
    LIMITS.idleSessionMs,
    'How long a connection may follow nothing and send nothing but pings',
  ),
  maxSessionMs: duration(
    LIMITS.maxSessionMs,
    'Longest life of a connection, whose client then connects again',
  ),
} as const;
