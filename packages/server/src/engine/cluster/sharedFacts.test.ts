import { partitionOf } from '@topgun/core';
import { OP } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { type Member, TestCluster } from '../testing/TestCluster.js';
import type { TestDevice } from '../testing/TestDevice.js';

const DAY = 86_400_000;

/** A cluster in which the first node owns half of the partitions, and the second one the rest; one device at each. */
function halves(limits: object = {}): {
  cluster: TestCluster;
  members: [Member, Member];
  devices: [TestDevice, TestDevice];
} {
  const cluster = new TestCluster(2, { limits: { deadMs: 1e12, ...limits } });
  const pids = Array.from({ length: 271 }, (_, pid) => pid);
  const members = cluster.members as unknown as [Member, Member];
  cluster.own(
    members[0],
    pids.filter((pid) => pid % 2 === 0),
  );
  cluster.own(
    members[1],
    pids.filter((pid) => pid % 2 === 1),
  );
  const devices = members.map(({ node }, i) => {
    const name = { clientId: `client-${i}`.padEnd(22, '_'), session: `sess-${i}`.padEnd(11, '_') };
    return node.device('ann', name);
  }) as [TestDevice, TestDevice];
  cluster.settle();
  return { cluster, members, devices };
}

/** A key of a partition that the first or the second node owns. */
const keyOf = (half: 0 | 1): string => {
  for (let i = 0; ; i++) if (partitionOf(`k${i}`) % 2 === half) return `k${i}`;
};

describe('facts that nodes share', () => {
  it('[CLU-25] [DAT-2] of two nodes that found a map at once one decides its kind, and ops of the other kind are refused', () => {
    const { cluster, members, devices } = halves();
    const put = devices[0].put('m', keyOf(0), 1);
    const increment = devices[1].increment('m', keyOf(1), 1);
    for (const { node } of members) node.tick();
    expect(cluster.complete(members[0])).toBe(true);
    cluster.settle();
    expect(devices[0].outcomeOf(put[0])?.outcome).toBe(0);
    expect(devices[1].codeOf(increment[0])).toBe('WRONG_KIND');
    const again = devices[1].put('m', keyOf(1), 2);
    cluster.settle();
    expect(devices[1].outcomeOf(again[0])?.outcome).toBe(0);
    const roots = members.map(({ node }) => node.engine.rootOf('m'));
    expect(roots[0]).toBe(roots[1]);
  });

  it('[CLU-25] [ID-1] a client that two subjects claim at two nodes belongs to the one whose commit came first', () => {
    const { cluster, members } = halves();
    const clientId = 'claimed'.padEnd(22, '_');
    const ben = members[0].node.device('ben', { clientId });
    const cleo = members[1].node.device('cleo', { clientId });
    // Both are let in before either is durable.
    for (let i = 0; i < 3; i++)
      for (const { node } of members) {
        node.tick();
        for (const from of members) for (const to of members) if (from !== to) cluster.deliver(from, to);
      }
    cluster.settle();
    const open = [ben, cleo].filter(({ conn }, i) => !members[i]?.node.closed.has(conn));
    expect(open).toEqual([ben]);
    expect(cluster.store.facts.get(`client:${clientId}`)).toMatchObject({ sub: 'ben' });
  });

  it('[CLU-25] [PERM-11] policies that two nodes replace at once: one is stored, and holds at both', () => {
    const { cluster, members } = halves();
    const told: unknown[] = [];
    for (const { node } of members) node.onPoliciesStored = (version, isOurs) => told.push([version, isOurs]);
    const policy = (map: string) => [{ role: 'user', map, actions: ['READ'] }] as const;
    const asked = members.map(({ node }, i) =>
      node.engine.policies.store(0, policy(`p${i}`) as never, 'ops', node.now),
    );
    expect(asked).toEqual([true, true]);
    cluster.settle();
    expect(told).toEqual(
      expect.arrayContaining([
        [1, true],
        [1, false],
      ]),
    );
    const [first, second] = members.map(({ node }) => node.engine.policies.stored);
    expect(second).toEqual(first);
    const { node } = members[1];
    expect(node.engine.policies.store(1, policy('p2') as never, 'ops', node.now)).toBe(true);
    cluster.settle();
    expect(members.map((member) => member.node.engine.policies.stored.version)).toEqual([2, 2]);
  });

  it('[CLU-25] a cursor made at one node is good at another one', () => {
    const { cluster, members, devices } = halves();
    devices[0].put('m', keyOf(0), 1);
    cluster.settle();
    const cursors = devices.map((device) => {
      const root = device.syncInit('m');
      return root?.proof && Uint8Array.of(...root.at, ...root.proof);
    });
    devices[0].put('m', keyOf(0), 2);
    cluster.settle();
    const before = devices[1].all('SYNC_DELTA').length;
    devices[1].syncInit('m', 'LWW', 7, cursors[0]);
    expect(devices[1].all('SYNC_DELTA').length).toBe(before + 1);
    expect(members.map(({ side }) => side.revision)).toEqual([
      cluster.store.revision,
      cluster.store.revision,
    ]);
  });

  it('[CLU-25] facts are taken in in the order of their revisions, whatever links bring them first', () => {
    const cluster = new TestCluster(3);
    const [a, b, c] = cluster.members as unknown as [Member, Member, Member];
    a.node.engine.outbox.stage('hook:place:x', 1);
    a.node.settle();
    cluster.deliver(a, b);
    b.node.engine.outbox.stage('hook:place:x', 2);
    b.node.settle();
    cluster.deliver(b, c);
    expect(c.node.told).toEqual([]);
    cluster.deliver(a, c);
    expect(c.node.told).toEqual([
      ['hook:place:x', 1],
      ['hook:place:x', 2],
    ]);
    cluster.deliver(b, a);
    expect(a.node.told.at(-1)).toEqual(['hook:place:x', 2]);
  });

  it('[CLU-26] [CLK-6] a time to live is ended by the owner of the partition, also by one that has just become it', () => {
    const { cluster, members, devices } = halves();
    const keys = [keyOf(0), keyOf(1)];
    for (const [i, key] of keys.entries()) {
      const device = devices[i] as TestDevice;
      device.ops(['m'], [[++device.seq, OP.PUT, 0, key, device.stamp(), null, 'short', 1_000]]);
    }
    cluster.settle();
    const pass = (ms: number): void => {
      for (let at = 0; at < ms; at += 500) {
        for (const { node } of members) node.pass(500);
        cluster.settle();
      }
    };
    // The second one does not get to it.
    members[1].side.lost([partitionOf(keys[1] as string)]);
    pass(120_000);
    const values = (member: Member): unknown[] =>
      keys.map(
        (key) => member.node.engine.changesSince(partitionOf(key), { epoch: 0, n: 0 }, 9).at(-1)?.value,
      );
    expect(values(members[0])).toEqual([undefined, 'short']);
    expect(values(members[1])).toEqual([undefined, 'short']);
    cluster.own(members[0], [partitionOf(keys[1] as string)]);
    pass(120_000);
    expect(members.map(values)).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(members[0].node.engine.rootOf('m')).toBe(members[1].node.engine.rootOf('m'));
  });

  it('[CLU-26] [GC-1] deletions are purged by their owners, by marks that one of them makes', () => {
    const { cluster, members, devices } = halves({ retentionMs: DAY });
    const keys = [keyOf(0), keyOf(1)];
    for (const [i, key] of keys.entries()) devices[i]?.put('m', key, 1);
    cluster.settle();
    for (const [i, key] of keys.entries()) devices[i]?.remove('m', key);
    cluster.settle();
    for (let hours = 0; hours < 60; hours++) {
      for (const { node } of members) node.pass(3_600_000);
      cluster.settle();
    }
    for (const { node } of members) expect(node.engine.stats().records).toBe(0);
    expect([...cluster.store.partitions.values()].flatMap(({ records }) => [...records])).toEqual([]);
    expect([...cluster.store.facts.keys()].filter((name) => name.startsWith('gc:'))).toEqual([]);
  });
});
