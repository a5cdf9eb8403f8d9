/**
 * Settings for a server whose clients are all one user, as in development and under a load generator: the limits of users are out of
 * the way, those of the node stay.
 */
export const devLimits = {
  connectionsPerUserMax: 20_000,
  subscriptionsPerUserMax: 1_000_000,
  queriesPerUserMax: 1_000_000,
  queryRowsPerUserMax: 1_000_000_000,
  opsPerSecondPerUserMax: 1_000_000,
  bytesPerSecondPerUserMax: 1_000_000_000,
  newMapsPerUserMax: 1_000_000,
  httpRequestsPerUserMax: 1_000_000,
  sseConnectionsPerUserMax: 1_000_000,
  sseConnectionsPerIpMax: 1_000_000,
} as const;
