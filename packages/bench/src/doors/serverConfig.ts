import { devLimits, type ServerConfigInput } from '@topgun/server';
import { BENCH_SECRET } from './benchToken.js';

/** As many as a machine with enough descriptors can be asked for. */
const ALL = 100_000;

/** Limits of users and addresses are out of the way. */
const roomy = {
  ...devLimits,
  connectionsPerIpMax: ALL,
  handshakesMax: ALL,
  handshakesPerIpMax: ALL,
  httpRequestsPerIpMax: 1_000_000,
  sseConnectionsMax: ALL,
  sseConnectionsPerUserMax: ALL,
  sseConnectionsPerIpMax: ALL,
  wsMessagesPerUserMax: 1_000_000,
  wsConnectionsMax: ALL,
  wsConnectionsPerUserMax: ALL,
  wsConnectionsPerIpMax: ALL,
} as const satisfies ServerConfigInput;

/** Everybody may do everything, as in development. */
export const openConfig = { ...roomy, dev: true } as const satisfies ServerConfigInput;

/** Tokens are asked for. */
export const guardedConfig = {
  ...roomy,
  jwtSecret: BENCH_SECRET,
  wsScopeRequired: false,
  policies: [{ role: 'USER', map: 'topic:bench/*', actions: ['READ'] }],
} as const satisfies ServerConfigInput;
