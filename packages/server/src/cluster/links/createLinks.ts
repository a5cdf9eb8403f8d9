import { randomBytes } from 'node:crypto';
import { type ClusterPlace, clusterSecretOf } from '../../config/checkCluster.js';
import type { Logger } from '../../utils/logger.js';
import { ClusterLinks } from './ClusterLinks.js';

export interface LinkSurroundings {
  readonly nodeId: string;
  /** of this start */
  readonly boot: string;
  readonly logger: Logger;
}

/** The links that the settings ask for; undefined where the server is alone. */
export function createLinks(
  config: Pick<ClusterPlace, 'cluster' | 'clusterSecret'>,
  { nodeId, boot, logger }: LinkSurroundings,
): ClusterLinks | undefined {
  if (!config.cluster) return undefined;
  return new ClusterLinks({
    name: nodeId,
    boot,
    secret: clusterSecretOf(config),
    logger,
    monoMs: () => performance.now(),
    random: Math.random,
    randomBytes,
  });
}
