import { startRedis } from '@topgun/server/local';
import type { TestProject } from 'vitest/node';
import { startCluster } from './startCluster.js';

/** Topics travel over Redis, and lie there. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startRedis({ program: process.env.TOPGUN_REDIS ?? 'redis-server' });
  try {
    const stop = await startCluster(project, {
      env: { TOPGUN_REDIS_URL: redis.url },
      config: { mailboxes: 'redis' },
    });
    return async () => {
      await stop();
      await redis.stop();
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}
