import { serverError } from '../errors.js';
import type { ServerConfig } from './schema.js';

export type ClusterPlace = Pick<
  ServerConfig,
  | 'cluster'
  | 'clusterSecret'
  | 'clusterAddress'
  | 'databaseUrl'
  | 'nodeId'
  | 'dev'
  | 'host'
  | 'port'
  | 'tlsCertFile'
>;

const isAnyHost = (host: string): boolean => /^(0\.0\.0\.0|\[?::\]?)$/.test(host);

/**
 * A node of a cluster has to be told apart from the others by its name, after each start too, found by them, and known to be one of them.
 * Throws CONFIG_INVALID naming what is missing (CLU-6).
 */
export function checkCluster(config: ClusterPlace): void {
  if (!config.cluster) return;
  const missing = (name: string, why: string): Error =>
    serverError('CONFIG_INVALID', `cluster: found true without ${name}. ${why}`);
  if (config.databaseUrl === '')
    throw missing('databaseUrl', 'The nodes of a cluster share a PostgreSQL: name the same one for all.');
  if (config.nodeId === undefined)
    throw missing('nodeId', 'Give each node a name of its own that stays at every start.');
  if (config.clusterSecret === undefined && !config.dev)
    throw missing('clusterSecret', 'Set TOPGUN_CLUSTER_SECRET to the same random text for all nodes.');
  if (config.clusterAddress === undefined && isAnyHost(config.host))
    throw missing(
      'clusterAddress',
      `Nobody can reach ${config.host}: say where the other nodes find this one.`,
    );
}

/** What the nodes of a cluster prove to each other that they know. In development, on loopback alone, a text that is no secret does. */
export const clusterSecretOf = ({ clusterSecret }: Pick<ClusterPlace, 'clusterSecret'>): string =>
  clusterSecret ?? 'the cluster of a developer, on loopback';

/** `ws://host:port/cluster` or `wss:`: where the links of a node end that listens on this port. */
export function clusterAddressOf(config: ClusterPlace, listensOn: number): string {
  const { clusterAddress, host, tlsCertFile } = config;
  const scheme = tlsCertFile === undefined ? 'ws' : 'wss';
  const own = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${listensOn}`;
  const address = clusterAddress ?? own;
  return `${address.includes('://') ? address : `${scheme}://${address}`}/cluster`;
}
