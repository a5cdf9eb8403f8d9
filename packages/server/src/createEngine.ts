import { randomInt } from 'node:crypto';
import { loadPolicies } from './config/loadPolicies.js';
import type { ServerConfig } from './config/schema.js';
import type { EngineLimits } from './engine/EngineLimits.js';
import { declaredFor } from './engine/indexes/declaredFor.js';
import type { ServerEffects } from './engine/ports.js';
import type { Resolvers } from './engine/resolvers/Resolvers.js';
import { ServerEngine } from './engine/ServerEngine.js';
import { engineLimitsOf } from './limits/engineLimitsOf.js';
import { cursorMac } from './security/cursorMac.js';
import { anyMapPattern } from './security/policy/mapPattern.js';
import type { StoreBoot } from './storage/Store.js';

export interface EngineParts {
  readonly config: ServerConfig;
  readonly nodeId: string;
  readonly boot: StoreBoot;
  readonly nowMs: number;
  readonly resolvers: Resolvers;
  /** what a program sets otherwise than its settings can */
  readonly limits: Partial<EngineLimits> | undefined;
}

/** The engine as the settings want it, still without data. Throws POLICY_INVALID and PREDICATE_INVALID. */
export async function createEngine(parts: EngineParts, effects: ServerEffects): Promise<ServerEngine> {
  const { config, nodeId, boot, nowMs, resolvers, limits } = parts;
  // What a server needs now and then is loaded when it starts and not with this module: some 8 ms.
  const { linearRegex } = await import('@topgun/search/regex');
  const queryPorts = { regex: linearRegex };
  return new ServerEngine(
    {
      nodeId,
      boot,
      policies: loadPolicies(config, queryPorts),
      queryPorts,
      resolvers,
      isVolatile: anyMapPattern(config.volatileMaps ?? []),
      indexesOf: declaredFor(config.indexes),
      random: () => randomInt(2 ** 32),
      mac: cursorMac,
      now: nowMs,
      limits: {
        ...engineLimitsOf(config),
        ...limits,
      },
    },
    effects,
  );
}
