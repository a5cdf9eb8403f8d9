import { ClusterProvider } from './cluster/ClusterProvider.js';
import type { ClusterOptions } from './cluster/options.js';

export type { ClusterHealth, ClusterProvider, NodeHealth } from './cluster/ClusterProvider.js';
export { type ClusterErrorCode, clusterErrors } from './cluster/clusterErrors.js';
export type { ClusterOptions } from './cluster/options.js';

/**
 * The way to a cluster, for the option `connectionProvider` of one client (CCL-2). It connects to one of the seeds, learns the other nodes from
 * it, and takes another one at once when its node fails, drains or goes. Throws `OPTION_INVALID`.
 *
 * ```ts
 * const cluster = clusterOf({ seeds: ['wss://a.example.com', 'wss://b.example.com'] });
 * const client = new TopGunClient({ storage, connectionProvider: cluster });
 * console.log(cluster.getClusterHealth());
 * ```
 */
export const clusterOf = (options: ClusterOptions): ClusterProvider => new ClusterProvider(options);
