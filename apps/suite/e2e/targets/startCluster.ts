import { randomBytes } from 'node:crypto';
import { startPostgres } from '@topgun/server/local';
import type { TestProject } from 'vitest/node';
import { startTarget, type TargetParts } from './startTarget.js';

/** Three nodes of a cluster over a PostgreSQL of their own. */
export async function startCluster(
  project: TestProject,
  { env = {}, ...parts }: Partial<TargetParts> = {},
): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  try {
    const stop = await startTarget(project, {
      count: 3,
      env: {
        ...env,
        TOPGUN_CLUSTER: 'true',
        TOPGUN_DATABASE_URL: postgres.url,
        TOPGUN_CLUSTER_SECRET: randomBytes(48).toString('base64'),
      },
      ...parts,
    });
    return async () => {
      await stop();
      await postgres.stop();
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
