import type { ServerConfig } from '../config/schema.js';
import type { EngineLimits } from '../engine/EngineLimits.js';

const DAY_MS = 86_400_000;

/** The limits of an engine that settings name. */
export function engineLimitsOf(config: ServerConfig): Partial<EngineLimits> {
  return {
    skewMs: config.skewMs,
    retentionMs: config.retentionDays * DAY_MS,
    queriesPerPrincipal: config.queriesPerUserMax,
    queryRowsPerPrincipal: config.queryRowsPerUserMax,
    subscriptionsPerPrincipal: config.subscriptionsPerUserMax,
    connectionsPerPrincipal: config.connectionsPerUserMax,
    opsPerSecondPerPrincipal: config.opsPerSecondPerUserMax,
    bytesPerSecondPerPrincipal: config.bytesPerSecondPerUserMax,
    newMapsPerPrincipal: config.newMapsPerUserMax,
    mapsPerNode: config.mapsMax,
    idleSessionMs: config.idleSessionMs,
    maxSessionMs: config.maxSessionMs,
  };
}
