import { PROTOCOL_VERSION } from '@topgun/protocol';
import { clusterAddressOf } from '../config/checkCluster.js';
import type { ServerConfig } from '../config/schema.js';
import { serverError } from '../errors.js';
import { ClusterDatabase } from '../storage/postgres/cluster/ClusterDatabase.js';
import { parseDatabaseUrl } from '../storage/postgres/databaseUrl.js';
import type { Logger } from '../utils/logger.js';
import { ClusterManager, OWNERSHIP_BOUNDS } from './ClusterManager.js';
import type { OwnerEngine } from './ports.js';

export interface ClusterParts {
  readonly config: ServerConfig;
  readonly nodeId: string;
  /** drawn for this start; the store shows it as the holder of its fence */
  readonly boot: string;
  /** of the socket that clients and nodes reach */
  readonly port: number;
  readonly engine: OwnerEngine;
  readonly logger: Logger;
  /** The number of the fence that commits show from now on. */
  readonly onFence: (number: number) => void;
  /** The node cannot go on: the server is to stop. */
  readonly onFatal: (error: unknown) => void;
}

/**
 * Makes this server a node of the cluster that its settings ask for; undefined when they ask for none. The tables are there already, for the
 * store has been opened. The node owns nothing before `serve`. Throws NODE_NAME_TAKEN, CLUSTER_FULL, CONFIG_INVALID.
 */
export async function startCluster(parts: ClusterParts): Promise<ClusterManager | undefined> {
  const { config, nodeId: name, boot, port, engine, logger, onFence, onFatal } = parts;
  if (!config.cluster) return undefined;
  const address = parseDatabaseUrl(config.databaseUrl);
  if (address === undefined) throw serverError('CONFIG_INVALID', 'cluster: found true without databaseUrl.');
  const { publicUrl } = config;
  const database = new ClusterDatabase({
    address,
    bounds: OWNERSHIP_BOUNDS,
    self: {
      name,
      boot,
      address: clusterAddressOf(config, port),
      protocol: PROTOCOL_VERSION,
      ...(publicUrl !== undefined && { publicUrl }),
    },
    onMap: (version) => manager.hinted(version),
    onFault: (err) => logger.error({ err }, 'the database says nothing about the cluster'),
    onStopped: (error) => {
      manager.stop();
      onFatal(error);
    },
  });
  const manager = new ClusterManager({
    name,
    boot,
    database,
    engine,
    logger,
    onJoined: onFence,
    onFatal,
  });
  await manager.join();
  return manager;
}
