import { describe, expect, it, onTestFinished } from 'vitest';
import { describeCluster } from '../doors/cluster.js';
import { migrate } from '../storage/postgres/migrate.js';
import { TestDatabases } from '../storage/postgres/testing/testDatabases.js';
import { type Managed, ManagedView, type ManagedViewParts, movesOf } from './ManagedView.js';
import type { ClusterMap, NodeInfo } from './ports.js';
import { TestCluster, type TestNode, until } from './testing/TestCluster.js';

const node = (name: string, state: NodeInfo['state'] = 'ACTIVE'): NodeInfo => ({
  name,
  boot: `${name}-1`,
  slot: 0,
  address: `ws://${name}/cluster`,
  state,
  protocol: 4,
});

/** Partitions in turn: `counts` of each name; the rest has no owner. */
function mapOf(nodes: readonly NodeInfo[], counts: Readonly<Record<string, number>>): ClusterMap {
  const names = Object.entries(counts).flatMap(([name, count]) => Array.from({ length: count }, () => name));
  const owners = Array.from({ length: 271 }, (_, pid) => ({
    pid,
    epoch: 1,
    node: names[pid],
    boot: undefined,
    target: undefined,
  }));
  return { version: 3, nodes, owners };
}

function viewOf(
  rest: Partial<ManagedViewParts & Managed> = {},
  status: Partial<ReturnType<Managed['status']>> = {},
) {
  const nodes = [node('a'), node('b'), node('c')];
  const orders: string[] = [];
  const manager: Managed = {
    status: () => ({
      node: 'a',
      aliveForMs: 4_000,
      coordinator: 'b',
      mapVersion: 3,
      nodes: nodes.map((each, at) => ({ ...each, owned: 0, leaseLeftMs: at === 2 ? undefined : 7_300 })),
      ...status,
    }),
    partitions: { map: mapOf(nodes, { a: 91, b: 90, c: 90 }) },
    order: async (name, boot) => orders.push(`${name} ${boot}`) > 0,
    rebalance: () => void orders.push('rebalance'),
    ...rest,
  };
  return {
    view: new ManagedView({ manager, linked: () => new Set(['b']), faults: () => [], ...rest }),
    orders,
  };
}

describe('a node of a cluster, to its operators', () => {
  it('[CLU-70] tells who is there, whose lease was renewed when, and who is linked', () => {
    const answer = describeCluster(viewOf().view.status());
    expect(answer).toMatchObject({ isCluster: true, node: 'a', coordinator: 'b', degraded: ['LINKS'] });
    expect(
      answer.nodes.map(({ name, leaseAgeMs, isLinked, owned }) => [name, leaseAgeMs, isLinked, owned]),
    ).toEqual([
      ['a', 700, true, 91],
      ['b', 700, true, 90],
      ['c', undefined, false, 90],
    ]);
    expect(answer.nodes[0]).not.toHaveProperty('leaseLeftMs');
  });

  it('[CLU-70] says that it is fenced, and what its server knows besides', () => {
    const { view } = viewOf(
      { faults: () => ['DATABASE'], linked: () => new Set(['b', 'c']) },
      { aliveForMs: 0 },
    );
    expect(describeCluster(view.status()).degraded).toEqual(['DATABASE', 'FENCED']);
  });

  it('[CLU-71] writes down which start of a node drains, once', async () => {
    const { view, orders } = viewOf();
    await view.drain('b');
    expect(orders).toEqual(['b b-1']);
    const nodes = [node('a'), node('b', 'DRAINING')].map((each) => ({ ...each, owned: 0, leaseLeftMs: 1 }));
    const draining = viewOf({}, { nodes });
    await draining.view.drain('b');
    expect(draining.orders).toEqual([]);
    await expect(draining.view.drain('a')).rejects.toMatchObject({ code: 'CLUSTER_LAST_NODE' });
  });

  it('[CLU-71] knows no node that is not there, or is another start by now', async () => {
    await expect(viewOf().view.drain('x')).rejects.toMatchObject({ code: 'CLUSTER_NODE_UNKNOWN' });
    const { view } = viewOf({ order: async () => false });
    await expect(view.drain('b')).rejects.toMatchObject({ code: 'CLUSTER_NODE_UNKNOWN' });
  });

  it('[CLU-72] has the coordinator look, and reckons what is to move', async () => {
    const { view, orders } = viewOf();
    expect([await view.rebalance(), orders]).toEqual([0, ['rebalance']]);
  });

  it.each<[Readonly<Record<string, number>>, readonly NodeInfo[], number]>([
    [{ a: 271 }, [node('a')], 0],
    [{ a: 271 }, [node('a'), node('b')], 135],
    [{ a: 136, b: 135 }, [node('a'), node('b')], 0],
    [{ a: 136, b: 135 }, [node('a'), node('b'), node('c')], 90],
    [{ a: 100, b: 100 }, [node('a'), node('b')], 71],
    [{ a: 91, b: 90, c: 90 }, [node('a'), node('b'), node('c', 'DRAINING')], 90],
    [{ a: 91, b: 90, c: 90 }, [node('a'), node('b'), node('c'), node('d', 'JOINING')], 0],
    [{ a: 91 }, [node('a', 'DRAINING')], 0],
  ])('[CLU-72] %j has the fewest moves', (counts, nodes, moves) => {
    expect(movesOf(mapOf(nodes, counts))).toBe(moves);
  });
});

const databases = TestDatabases.use();

it('[CLU-71] a node drains by the order of another one, serves on, and takes partitions again when it is started again', async () => {
  const address = databases.fresh();
  await migrate(await databases.client(address), address.schema);
  const cluster = new TestCluster(address);
  onTestFinished(() => cluster.end());
  const [a, b] = (await cluster.start('a', 'b', 'c')) as [TestNode, TestNode, TestNode];
  const view = new ManagedView({ manager: a.manager, linked: () => new Set(['b', 'c']), faults: () => [] });
  const isStill = (): boolean => {
    const { unowned, moving, degraded } = describeCluster(view.status());
    return unowned === 0 && moving === 0 && degraded.length === 0;
  };
  await until(isStill);
  await view.drain('b');
  await until(() => b.ownedCount === 0 && describeCluster(view.status()).moving === 0);
  await until(() => view.status().nodes[1]?.state === 'DRAINING');
  cluster.check();
  await until(() => b.manager.status().state === 'DRAINING');
  expect(b.manager.status().owned).toBe(0);
  await view.drain('c');
  await until(() => a.ownedCount === 271);
  await expect(view.drain('a')).rejects.toMatchObject({ code: 'CLUSTER_LAST_NODE' });
  await b.manager.drain();
  await b.manager.leave();
  b.kill();
  const again = await cluster.make('b').serve();
  await until(() => again.ownedCount === 136 || again.ownedCount === 135);
  // The asked node hears of the last moves a moment later.
  await until(() => movesOf(a.manager.partitions.map) === 0);
  expect(await view.rebalance()).toBe(0);
});
