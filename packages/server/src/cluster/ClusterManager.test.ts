import { PARTITION_COUNT } from '@topgun/core';
import { afterEach, describe, expect, it } from 'vitest';
import { migrate } from '../storage/postgres/migrate.js';
import { TestDatabases } from '../storage/postgres/testing/testDatabases.js';
import { QUICK, TestCluster, type TestNode, until } from './testing/TestCluster.js';

const databases = TestDatabases.use();
const clusters: TestCluster[] = [];
afterEach(() => {
  for (const cluster of clusters.splice(0)) cluster.end();
});

async function clusterOf(...names: string[]) {
  const address = databases.fresh();
  const client = await databases.client(address);
  await migrate(client, address.schema);
  const cluster = new TestCluster(address);
  clusters.push(cluster);
  const nodes = await cluster.start(...names);
  return { cluster, client, address, nodes: nodes as readonly [TestNode, TestNode, TestNode] };
}

const movedBetween = (before: readonly unknown[], after: readonly unknown[]): number =>
  before.filter((owner, pid) => owner !== after[pid]).length;

describe('ClusterManager', () => {
  it('[CLU-3] a node alone owns everything; three share it to within one, and all know the same', async () => {
    const { cluster, nodes } = await clusterOf('a', 'b', 'c');
    const [a, b, c] = nodes;
    expect(nodes.map(({ ownedCount }) => ownedCount).sort()).toEqual([90, 90, 91]);
    await until(() => new Set(nodes.map(({ manager }) => manager.partitions.version)).size === 1);
    for (const [pid, owner] of cluster.owners().entries())
      for (const { manager } of nodes) expect(manager.partitions.ownerOf(pid)?.node).toBe(owner);
    expect(nodes.filter(({ manager }) => manager.status().isCoordinator)).toEqual([a]);
    expect(b.manager.status()).toMatchObject({
      node: 'b',
      state: 'ACTIVE',
      coordinator: 'a',
      moving: 0,
      unowned: 0,
      nodes: [{ name: 'a' }, { name: 'b', slot: 1, state: 'ACTIVE' }, { name: 'c' }],
    });
    expect(c.manager.partitions.node('a')).toMatchObject({ address: 'ws://a/cluster' });
    expect(a.engine.maps.map(({ version }) => version)).toEqual(
      a.engine.maps.map(({ version }) => version).sort((x, y) => x - y),
    );
  });

  it('[CLU-12] what a killed node owned is owned again within a lease and two seconds, whoever it was', async () => {
    const { cluster, nodes } = await clusterOf('a', 'b', 'c');
    const epochs = nodes.map(({ engine }) => new Map(engine.owned));
    const [a] = nodes;
    const before = cluster.owners();
    a.kill();
    const killedAt = performance.now();
    await cluster.owned();
    expect(performance.now() - killedAt).toBeLessThan(QUICK.leaseMs + 2_000);
    expect(movedBetween(before, cluster.owners())).toBeLessThanOrEqual(Math.ceil(PARTITION_COUNT / 3) + 1);
    for (const node of cluster.nodes.slice(1))
      for (const [pid, epoch] of node.engine.owned) {
        const earlier = Math.max(...epochs.map((known) => known.get(pid) ?? 0));
        if (epochs[0]?.has(pid)) expect(epoch).toBeGreaterThan(earlier);
        else expect(epoch).toBe(earlier);
      }
    expect(
      cluster.nodes
        .slice(1)
        .map(({ manager }) => manager.status().isCoordinator)
        .sort(),
    ).toEqual([false, true]);
  });

  it('[CLU-2] a node that was stopped for longer than its lease owns nothing from the moment it wakes, and joins anew', async () => {
    const { cluster, nodes } = await clusterOf('a', 'b', 'c');
    const [, b] = nodes;
    b.time.pause();
    // Nothing of it fires, and yet it is not an owner any more when the others take over.
    await until(() => {
      cluster.check();
      return b.ownedCount === 0;
    });
    expect(b.engine.owned.size).toBeGreaterThan(0);
    await until(() => {
      cluster.check();
      return nodes.every((node) => node === b || node.ownedCount > 134);
    });
    const old = new Map(b.engine.owned);
    b.time.wake();
    expect(b.engine.calls).toContain('fenced');
    expect(b.engine.owned.size).toBe(0);
    await until(() => b.manager.status().state === 'ACTIVE');
    await cluster.owned();
    // It joins once more after each fence: one, but for renewals that a busy machine misses.
    expect(b.fences.length).toBeGreaterThanOrEqual(2);
    await until(() => b.fences.length === 1 + b.engine.calls.filter((call) => call === 'fenced').length);
    expect(b.fences[1]).toBeGreaterThan(b.fences[0] ?? 0);
    for (const [pid, epoch] of b.engine.owned) expect(epoch).toBeGreaterThan(old.get(pid) ?? 0);
  });

  it('[CLU-2] `check` fences a node that stood still before anything else is done', async () => {
    const { cluster, nodes } = await clusterOf('a');
    const [a] = nodes;
    a.time.pause();
    await until(() => a.manager.status().aliveForMs === 0);
    expect(a.engine.calls).not.toContain('fenced');
    a.manager.check();
    expect(a.engine.calls).toContain('fenced');
    a.time.wake();
    await cluster.owned();
  });

  it('[CLU-11] a fourth node is given its share and nothing else moves', async () => {
    const { cluster } = await clusterOf('a', 'b', 'c');
    const before = cluster.owners();
    await cluster.start('d');
    const after = cluster.owners();
    expect(movedBetween(before, after)).toBeLessThanOrEqual(Math.ceil(PARTITION_COUNT / 4) + 1);
    expect(after.every((owner, pid) => owner === before[pid] || owner === 'd')).toBe(true);
  });

  it('[CLU-3] [CLU-13] a node that drains gives everything away, and its row goes with it', async () => {
    const { cluster, nodes } = await clusterOf('a', 'b', 'c');
    const [, b] = nodes;
    await b.manager.drain();
    expect(b.engine.owned.size).toBe(0);
    await cluster.owned();
    await b.manager.leave();
    await until(() => cluster.nodes.every((n) => n === b || n.manager.status().nodes.length === 2));
    expect(b.manager.status().state).toBe('LEFT');
    b.manager.stop();
    // Nothing was taken over, nothing was given up.
    expect(b.engine.calls).not.toContain('fenced');
    expect(b.engine.calls.filter((call) => call === 'release').length).toBeGreaterThanOrEqual(
      Math.ceil(90 / 16),
    );
  });

  it('[CLU-3] the last node has nobody to give anything to, and leaves all the same', async () => {
    const { client, nodes } = await clusterOf('a');
    const [a] = nodes;
    await a.manager.drain();
    expect(a.engine.owned.size).toBe(PARTITION_COUNT);
    await a.manager.leave();
    const { rows } = await client.query(
      'select (select count(*)::int from nodes) as nodes, (select count(*)::int from owners where node is not null) as owned',
    );
    expect(rows).toEqual([{ nodes: 0, owned: 0 }]);
  });

  it('[CLU-13] a hand-over whose target does not answer is off: its ops go on where they are, and it is tried again', async () => {
    const { cluster, client, nodes } = await clusterOf('a');
    const [a] = nodes;
    // b lives, and has not been heard of for longer than a hand-over takes.
    await client.query(`create function mute() returns trigger language plpgsql as $$ begin
      new.lease_until := clock_timestamp() + interval '1 s'; return new; end $$;
      create trigger mute before insert or update on nodes for each row when (new.name = 'b') execute function mute()`);
    const b = await cluster.make('b').serve();
    await until(() => a.engine.calls.filter((call) => call === 'resume').length > 1);
    expect(a.engine.calls).not.toContain('lost');
    expect(a.ownedCount + b.ownedCount).toBe(PARTITION_COUNT);
    expect(a.engine.held.size).toBeLessThanOrEqual(16);
    await client.query('drop trigger mute on nodes');
    await cluster.owned();
    expect(b.engine.owned.size).toBeGreaterThan(134);
  });

  it('[CLU-13] an engine that cannot let go in time keeps what it has', async () => {
    const { cluster, nodes } = await clusterOf('a');
    const [a] = nodes;
    a.engine.isStuck = true;
    const b = cluster.make('b');
    await b.serve();
    await until(() => a.engine.calls.filter((call) => call === 'resume').length > 1);
    expect(a.engine.owned.size).toBe(PARTITION_COUNT);
    expect(b.engine.owned.size).toBe(0);
    a.engine.isStuck = false;
    await cluster.owned();
  });

  it('[CLU-1] a second server under a name that lives is refused when it has waited; one whose lease runs out meanwhile is let in', async () => {
    const { cluster, nodes, client } = await clusterOf('a');
    const second = cluster.make('a');
    const refused = second.manager.join();
    await expect(refused).rejects.toMatchObject({ code: 'NODE_NAME_TAKEN' });
    expect(second.failures).toEqual([]);
    cluster.nodes.pop();
    const third = cluster.make('a');
    const joined = third.serve();
    nodes[0].kill();
    await joined;
    await cluster.owned();
    const { rows } = await client.query('select boot from nodes');
    expect(rows).toEqual([{ boot: 'boot-3' }]);
  }, 30_000);

  it('[CLU-5] [CLU-2] when the database was away, all fence themselves, come back, and own what they owned', async () => {
    const { cluster, nodes } = await clusterOf('a', 'b', 'c');
    const before = cluster.owners();
    await databases.server.kill();
    await until(() => {
      cluster.check();
      return nodes.every(({ engine }) => engine.calls.includes('fenced'));
    });
    expect(cluster.owners().every((owner) => owner === undefined)).toBe(true);
    await databases.server.restart();
    await until(() => nodes.every(({ manager }) => manager.status().state === 'ACTIVE'));
    await cluster.owned();
    expect(cluster.owners()).toEqual(before);
  }, 60_000);

  it('[CLU-2] a node whose fence another has raised owns nothing until it is a member again', async () => {
    const { cluster, nodes } = await clusterOf('a', 'b');
    const [a] = nodes;
    a.manager.fenceLost();
    expect(a.engine.owned.size).toBe(0);
    await cluster.owned();
    expect(a.fences).toHaveLength(2);
  });

  it('[CLU-4] whatever nodes do at once, no two own one partition, and in the end all is owned', async () => {
    const { cluster, nodes } = await clusterOf('a', 'b', 'c');
    const [a, b, c] = nodes;
    const d = cluster.make('d');
    const joining = d.serve();
    b.time.pause();
    const draining = c.manager.drain();
    await until(() => {
      cluster.check();
      return a.ownedCount + d.ownedCount === PARTITION_COUNT;
    });
    await Promise.all([joining, draining]);
    b.time.wake();
    await c.manager.leave();
    c.manager.stop();
    cluster.nodes.splice(cluster.nodes.indexOf(c), 1);
    await cluster.owned();
  }, 30_000);
});
