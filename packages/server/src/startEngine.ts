import type { ClusterNode } from './cluster/ClusterNode.js';
import type { ServerConfig } from './config/schema.js';
import { createEngine } from './createEngine.js';
import type { OperationLog } from './debug/OperationLog.js';
import { EngineHost, type WallClock } from './EngineHost.js';
import type { Resolvers } from './engine/resolvers/Resolvers.js';
import type { ServerEngine } from './engine/ServerEngine.js';
import { loadEngine } from './loadEngine.js';
import type { Observability } from './Observability.js';
import type { ServerOverrides } from './ServerOverrides.js';
import { PolicySources } from './security/PolicySources.js';
import type { SecurityManager } from './security/SecurityManager.js';
import type { Store, StoreBoot } from './storage/Store.js';
import type { Topics } from './topics/ports.js';
import type { WebSocketTransport } from './transport/WebSocketTransport.js';
import type { Logger } from './utils/logger.js';
import type { Pace } from './utils/Pace.js';

export interface StartParts {
  readonly config: ServerConfig;
  readonly nodeId: string;
  readonly boot: StoreBoot;
  readonly pace: Pace;
  readonly security: SecurityManager;
  readonly store: Store;
  readonly clock: WallClock;
  readonly logger: Logger;
  readonly resolvers: Resolvers;
  readonly overrides: Pick<ServerOverrides, 'interceptors' | 'limits'>;
  readonly transport: WebSocketTransport;
  readonly watch: Observability;
  readonly operations: OperationLog | undefined;
  /** of the node, once they are open */
  readonly topics: () => Topics | undefined;
  /** other policies hold */
  readonly onPolicies: () => void;
  /** facts of webhooks are durable; at first those that the store holds */
  readonly onOutbox: (facts: ReadonlyMap<string, unknown>) => void;
  readonly onFatal: (error: unknown) => void;
  /** that the server is a node of */
  readonly cluster: ClusterNode | undefined;
  /** where clients and other nodes reach it */
  readonly port: number;
}

/** The engine between its shells, with what the open store holds, under the policies of the settings. */
export async function startEngine(parts: StartParts): Promise<{
  readonly host: EngineHost;
  readonly engine: ServerEngine;
  readonly policies: PolicySources;
}> {
  const { config, nodeId, boot, pace, store, clock, logger, watch, overrides } = parts;
  if (boot.renewedFrom !== undefined) {
    const { incarnation, renewedFrom } = boot;
    logger.warn({ incarnation, renewedFrom }, 'restored or copied data: a new incarnation begins');
  }
  const seat = parts.cluster?.seat(store, boot);
  const onOutbox = (facts: ReadonlyMap<string, unknown>): void => {
    parts.onOutbox(facts);
    parts.cluster?.stored(facts);
  };
  const host = new EngineHost({
    interceptors: overrides.interceptors,
    store,
    security: parts.security,
    clock,
    logger,
    slowQueries: watch.slowQueries,
    meter: watch.meter,
    operations: parts.operations,
    onPolicies: parts.onPolicies,
    onOutbox,
    commitShared: seat?.commitShared,
    onCommit: watch.committed,
    onFatal: parts.onFatal,
  });
  const policies = await PolicySources.create({ config, logger, wallMs: () => clock.wallMs() });
  const engine = createEngine(
    {
      config,
      nodeId,
      boot,
      nowMs: clock.wallMs(),
      policies,
      resolvers: parts.resolvers,
      isScreened: host.screensOps,
      topics: parts.topics,
      limits: overrides.limits,
      cluster: seat?.options,
    },
    host,
  );
  host.connect(engine, parts.transport);
  parts.onOutbox(boot.meta);
  await loadEngine(engine, store, pace, seat === undefined);
  parts.cluster?.connect(host, engine);
  host.wake();
  await parts.cluster?.join(parts.port);
  policies.connect((list) => host.configure(list));
  return { host, engine, policies };
}
