import { startCluster, startSingle } from '../../bus/testing/redisTopologies.js';
import { type Deployment, describeDoors } from './describeDoors.js';
import { startNodes } from './startNodes.js';

/** Three nodes over a Redis of their own. */
const overRedis = (start: typeof startSingle) => async (): Promise<Deployment> => {
  const topology = await start();
  const nodes = await startNodes(3, { ...topology.config, mailboxes: 'redis' });
  return {
    urls: nodes.urls,
    stop: async () => {
      await nodes.stop();
      await topology.dispose();
    },
  };
};

describeDoors('one node without Redis', () => startNodes(1, {}));
describeDoors('three nodes over one Redis', overRedis(startSingle));
describeDoors('three nodes over a Redis Cluster', overRedis(startCluster));
