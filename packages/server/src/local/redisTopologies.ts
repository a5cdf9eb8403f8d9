import type { BusConfig } from '../bus/createRedisBus.js';
import { eventually, RedisGroup, type RedisProcess } from './redisProcesses.js';

/** A Redis as a deployment has it, with the settings that find it. */
export interface RedisTopology {
  readonly config: BusConfig;
  readonly group: RedisGroup;
  /** all data nodes */
  readonly nodes: readonly RedisProcess[];
  /** Those that take writes now. */
  masters(): Promise<RedisProcess[]>;
  /** Resolves when every node that is no master follows one, and is in step. */
  settled(): Promise<void>;
  dispose(): Promise<void>;
}

const PLAIN: BusConfig = {
  redisUrl: '',
  redisCluster: false,
  redisSentinels: undefined,
  redisMasterName: 'mymaster',
  redisPrefix: 'topgun',
  redisTlsInsecure: false,
  redisReplicas: 0,
};

/** One redis-server. */
export async function startSingle(settings: readonly string[] = []): Promise<RedisTopology> {
  const group = new RedisGroup();
  const redis = await group.start(settings);
  return {
    config: { ...PLAIN, redisUrl: redis.url },
    group,
    nodes: [redis],
    masters: async () => [redis],
    settled: () => Promise.resolve(),
    dispose: () => group.dispose(),
  };
}

/** What it says of its role; nothing while it does not answer: Sentinels cut all connections of a node whose role they change. */
const roleFactsOf = async (redis: RedisProcess): Promise<readonly string[]> => {
  try {
    return redis.isRunning ? ((await redis.ask('ROLE')) as readonly string[]) : [];
  } catch {
    return [];
  }
};

const roleOf = async (redis: RedisProcess): Promise<string> => (await roleFactsOf(redis))[0] ?? 'none';

/** So many of them are masters, and the others replicas that are in step. */
const inStep = (nodes: readonly RedisProcess[], masters: number): Promise<void> =>
  eventually('replicas are in step', async () => {
    let found = 0;
    for (const node of nodes) {
      const [role, , , state] = await roleFactsOf(node);
      if (role === 'master') found++;
      else if (state !== 'connected') return false;
    }
    return found === masters;
  });

/** A master, two replicas and three Sentinels that notice a dead master after two seconds. */
export async function startSentinels(settings: readonly string[] = []): Promise<RedisTopology> {
  const group = new RedisGroup();
  const master = await group.start(['repl-diskless-sync-delay 0', ...settings]);
  const replicaOf = ['repl-diskless-sync-delay 0', `replicaof 127.0.0.1 ${master.port}`, ...settings];
  const nodes = [master, await group.start(replicaOf), await group.start(replicaOf)];
  const watch = [
    `sentinel monitor mymaster 127.0.0.1 ${master.port} 2`,
    'sentinel down-after-milliseconds mymaster 2000',
    'sentinel failover-timeout mymaster 6000',
    'sentinel parallel-syncs mymaster 2',
  ];
  const sentinels = [
    await group.start(watch, true),
    await group.start(watch, true),
    await group.start(watch, true),
  ];
  await inStep(nodes, 1);
  await eventually('the Sentinels know each other and the replicas', async () => {
    for (const sentinel of sentinels) {
      const flat = (await sentinel.ask('SENTINEL', 'MASTER', 'mymaster')) as readonly string[];
      const fact = (name: string): string | undefined => flat[flat.indexOf(name) + 1];
      if (fact('num-other-sentinels') !== '2' || fact('num-slaves') !== '2') return false;
    }
    return true;
  });
  return {
    config: { ...PLAIN, redisSentinels: sentinels.map(({ host, port }) => `${host}:${port}`) },
    group,
    nodes,
    masters: async () => {
      const [sentinel] = sentinels as [RedisProcess];
      const address = await sentinel.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
      const [, port] = address as readonly string[];
      return nodes.filter((node) => node.port === Number(port));
    },
    settled: () => inStep(nodes, 1),
    dispose: () => group.dispose(),
  };
}

const SLOTS = 16_384;

/** A Redis Cluster of three masters with a replica each, which give up on a dead node after two seconds. */
export async function startCluster(settings: readonly string[] = []): Promise<RedisTopology> {
  const group = new RedisGroup();
  const all = [
    'cluster-enabled yes',
    'cluster-node-timeout 2000',
    'cluster-replica-validity-factor 0',
    'repl-diskless-sync-delay 0',
    ...settings,
  ];
  const nodes: RedisProcess[] = [];
  for (let i = 0; i < 6; i++) nodes.push(await group.start(all));
  const [first] = nodes as [RedisProcess];
  for (const [at, node] of nodes.entries()) {
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1));
    if (at < 3) {
      const from = Math.ceil((at * SLOTS) / 3);
      const to = Math.ceil(((at + 1) * SLOTS) / 3) - 1;
      await node.ask('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    }
    if (node !== first) await node.ask('CLUSTER', 'MEET', first.host, String(first.port));
  }
  const infoOf = async (node: RedisProcess): Promise<string> => String(await node.ask('CLUSTER', 'INFO'));
  await eventually('the nodes know each other', async () => {
    for (const node of nodes) if (!/cluster_known_nodes:6\b/.test(await infoOf(node))) return false;
    return true;
  });
  for (const [at, node] of nodes.slice(3).entries()) {
    const masterId = String(await nodes[at]?.ask('CLUSTER', 'MYID'));
    await eventually('a replica takes its master', async () => {
      try {
        return (await node.ask('CLUSTER', 'REPLICATE', masterId)) === 'OK';
      } catch {
        return false; // it has not heard of that node yet
      }
    });
  }
  await eventually('the cluster is complete', async () => {
    for (const node of nodes) {
      if (!(await infoOf(node)).includes('cluster_state:ok')) return false;
      const slots = (await node.ask('CLUSTER', 'SLOTS')) as readonly (readonly unknown[])[];
      if (slots.length !== 3 || slots.some((range) => range.length !== 4)) return false;
    }
    return true;
  });
  await inStep(nodes, 3);
  return {
    config: {
      ...PLAIN,
      redisUrl: nodes
        .slice(0, 2)
        .map(({ url }) => url)
        .join(),
      redisCluster: true,
    },
    group,
    nodes,
    masters: async () => {
      const found: RedisProcess[] = [];
      for (const node of nodes) if ((await roleOf(node)) === 'master') found.push(node);
      return found;
    },
    settled: () => inStep(nodes, 3),
    dispose: () => group.dispose(),
  };
}
