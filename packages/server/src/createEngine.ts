import { randomInt } from 'node:crypto';
import type { ServerConfig } from './config/schema.js';
import type { ClusterOptions } from './engine/cluster/ports.js';
import type { EngineLimits } from './engine/EngineLimits.js';
import { declaredFor } from './engine/indexes/declaredFor.js';
import type { ServerEffects } from './engine/ports.js';
import type { Resolvers } from './engine/resolvers/Resolvers.js';
import { ServerEngine } from './engine/ServerEngine.js';
import { engineLimitsOf } from './limits/engineLimitsOf.js';
import { cursorMac } from './security/cursorMac.js';
import type { PolicySources } from './security/PolicySources.js';
import { anyMapPattern } from './security/policy/mapPattern.js';
import type { StoreBoot } from './storage/Store.js';
import type { Topics } from './topics/ports.js';

export interface EngineParts {
  readonly config: ServerConfig;
  readonly nodeId: string;
  readonly boot: StoreBoot;
  readonly nowMs: number;
  readonly policies: PolicySources;
  readonly resolvers: Resolvers;
  /** whether the program is asked about ops */
  readonly isScreened: boolean;
  /** of the node, once they are open */
  readonly topics: () => Topics | undefined;
  /** of a node of a cluster */
  readonly cluster: ClusterOptions | undefined;
  /** what a program sets otherwise than its settings can */
  readonly limits: Partial<EngineLimits> | undefined;
}

/** The engine as the settings want it, still without data. */
export function createEngine(parts: EngineParts, effects: ServerEffects): ServerEngine {
  const { config, nodeId, boot, nowMs, policies, resolvers, isScreened, topics, limits, cluster } = parts;
  return new ServerEngine(
    {
      nodeId,
      publicUrl: config.publicUrl,
      boot,
      policies: policies.list(),
      queryPorts: policies.ports,
      resolvers,
      isVolatile: anyMapPattern(config.volatileMaps ?? []),
      indexesOf: declaredFor(config.indexes),
      random: () => randomInt(2 ** 32),
      mac: cursorMac,
      isScreened,
      topics,
      ...(cluster && { cluster }),
      now: nowMs,
      limits: {
        ...engineLimitsOf(config),
        ...limits,
      },
    },
    effects,
  );
}
