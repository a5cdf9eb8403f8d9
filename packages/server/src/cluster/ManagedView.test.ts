import { describe, expect, it } from 'vitest';
import { describeCluster } from '../doors/cluster.js';
import { type ManagedStatus, ManagedView, type ManagedViewParts, movesOf } from './ManagedView.js';
import type { ClusterMap, NodeInfo } from './ports.js';

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

function viewOf(rest: Partial<ManagedViewParts> = {}, status: Partial<ManagedStatus> = {}) {
  const nodes = [node('a'), node('b'), node('c')];
  const orders: string[] = [];
  const view = new ManagedView({
    status: () => ({
      node: 'a',
      aliveForMs: 4_000,
      coordinator: 'b',
      mapVersion: 3,
      nodes: nodes.map((each, at) => ({ ...each, leaseLeftMs: at === 2 ? undefined : 7_300 })),
      ...status,
    }),
    map: () => mapOf(nodes, { a: 91, b: 90, c: 90 }),
    linked: () => new Set(['b']),
    faults: () => [],
    leaseMs: 8_000,
    setDraining: async (name, boot) => orders.push(`${name} ${boot}`) > 0,
    rebalance: () => void orders.push('rebalance'),
    ...rest,
  });
  return { view, orders };
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

  it('[CLU-70] owns nothing that it knows of before it has a map', () => {
    const { view } = viewOf({ map: () => undefined }, { nodes: [] });
    expect(describeCluster(view.status())).toMatchObject({ unowned: 271, degraded: ['UNOWNED'] });
  });

  it('[CLU-71] writes down which start of a node drains, once', async () => {
    const { view, orders } = viewOf();
    await view.drain('b');
    expect(orders).toEqual(['b b-1']);
    const nodes = [node('a'), node('b', 'DRAINING')].map((each) => ({ ...each, leaseLeftMs: 1 }));
    const draining = viewOf({}, { nodes });
    await draining.view.drain('b');
    expect(draining.orders).toEqual([]);
    await expect(draining.view.drain('a')).rejects.toMatchObject({ code: 'CLUSTER_LAST_NODE' });
  });

  it('[CLU-71] knows no node that is not there, or is another start by now', async () => {
    await expect(viewOf().view.drain('x')).rejects.toMatchObject({ code: 'CLUSTER_NODE_UNKNOWN' });
    const { view } = viewOf({ setDraining: async () => false });
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
