import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { MapChange } from '../../../engine/ownership/ports.js';
import { commitOf, storedRecord } from '../../contractRecords.js';
import type { DatabaseAddress } from '../databaseUrl.js';
import { migrate } from '../migrate.js';
import { ASKER_BOUNDS, Asker } from '../testing/Asker.js';
import { TestDatabases, until } from '../testing/testDatabases.js';

const databases = TestDatabases.use();

async function cluster(...names: string[]) {
  const address = databases.fresh();
  const client = await databases.client(address);
  await migrate(client, address.schema);
  const nodes: Asker[] = [];
  for (const name of names) nodes.push(new Asker(await databases.client(address), name));
  for (const node of nodes) await node.active();
  return { address, client, nodes };
}

/** Its lease has run out, as if it had been silent for so long. */
const silence = (client: pg.Client, name: string) =>
  client.query("update nodes set lease_until = clock_timestamp() - interval '1 ms' where name = $1", [name]);

const give = (node: string, ...pids: number[]): readonly MapChange[] => pids.map((pid) => ({ pid, node }));

async function another(address: DatabaseAddress, name: string, boot?: string): Promise<Asker> {
  return new Asker(await databases.client(address), name, boot);
}

describe('the tables of a cluster', () => {
  it('[CLU-1] a lease is renewed for one boot, and not once it has run out', async () => {
    const { address, client, nodes } = await cluster('a');
    const [a] = nodes as [Asker];
    expect(await a.renew()).toMatchObject({ leads: true, coordinator: 'a' });
    expect(await (await another(address, 'a', 'other')).renew()).toBe('gone');
    await silence(client, 'a');
    expect(await a.renew()).toBe('gone');
    expect(await a.join()).toMatchObject({ fence: 2 });
    expect(await a.renew()).toMatchObject({ leases: [{ name: 'a', boot: 'a1' }] });
  });

  it('[CLU-1] a second server under a name that lives is refused, whose fence stays', async () => {
    const { address, client, nodes } = await cluster('a');
    const second = await another(address, 'a', 'a2');
    expect(await second.join()).toEqual({ refused: 'NODE_NAME_TAKEN' });
    const { rows } = await client.query('select number, holder from fences');
    expect(rows).toEqual([{ number: '1', holder: 'a1' }]);
    await silence(client, 'a');
    expect(await second.join()).toMatchObject({ fence: 2 });
    expect(await (nodes[0] as Asker).renew()).toBe('gone');
  });

  it('[CLU-1] of two that join under one name at once one is refused', async () => {
    const { address } = await cluster();
    const pair = [await another(address, 'a', 'a1'), await another(address, 'a', 'a2')];
    for (let round = 0; round < 20; round++) {
      const replies = await Promise.all(pair.map((node) => node.join()));
      const joined = replies.filter((reply) => reply !== undefined && 'fence' in reply);
      expect(joined).toHaveLength(1);
      for (const node of pair) await node.leave();
    }
  });

  it('[CLU-1] a join that arrives after a later one of its start changes nothing, not even once the node has left', async () => {
    const { address, client } = await cluster();
    const a = await another(address, 'a');
    expect(await a.join('JOINING', 2)).toMatchObject({ fence: 1 });
    expect(await a.state('ACTIVE')).toBe(true);
    expect(await a.propose((await a.map()).version, give('a', 7))).toBe(true);
    const before = await a.map();
    expect(await a.join('JOINING', 1)).toBeUndefined();
    expect(await a.join('ACTIVE', 2)).toBeUndefined();
    expect(await a.map()).toEqual(before);
    const { rows } = await client.query('select number from fences');
    expect(rows).toEqual([{ number: '1' }]);
    expect(await a.leave()).toBe(true);
    expect(await a.join('ACTIVE', 2)).toBeUndefined();
    expect(await a.renew()).toBe('gone');
    // Another start begins to count anew.
    expect(await (await another(address, 'a', 'a2')).join('JOINING', 1)).toMatchObject({ fence: 3 });
  });

  it('[CLU-10] a map is read as a whole, and only when it is another one than is known', async () => {
    const { nodes } = await cluster('a', 'b');
    const [a, b] = nodes as [Asker, Asker];
    const map = await a.map();
    expect(map.nodes).toMatchObject([
      { name: 'a', boot: 'a1', slot: 0, state: 'ACTIVE', address: 'ws://a/cluster', protocol: 1 },
      { name: 'b', slot: 1 },
    ]);
    expect(map.owners.map(({ pid }) => pid)).toEqual(
      Array.from({ length: PARTITION_COUNT }, (_, pid) => pid),
    );
    expect(map.owners[7]).toEqual({ pid: 7, epoch: 0, node: undefined, boot: undefined, target: undefined });
    expect(await b.ask({ type: 'renew', known: map.version })).toMatchObject({ map: undefined });
    expect(await a.propose(map.version, give('b', 7))).toBe(true);
    expect(await b.ask({ type: 'renew', known: map.version })).toMatchObject({
      version: map.version + 1,
      map: { version: map.version + 1 },
    });
    expect((await b.map()).owners[7]).toEqual({ pid: 7, epoch: 1, node: 'b', boot: 'b1', target: undefined });
  });

  it('[CLU-4] one node coordinates at a time, another one when its lease has run out; two do no harm', async () => {
    const { client, nodes } = await cluster('a', 'b');
    const [a, b] = nodes as [Asker, Asker];
    expect(await a.renew()).toMatchObject({ leads: true });
    expect(await b.renew()).toMatchObject({ leads: false, coordinator: 'a' });
    const { version } = await a.map();
    await client.query("update coordinator set lease_until = '-infinity'");
    const both = await Promise.all([a.renew(), b.renew()]);
    expect(both.filter((reply) => reply !== 'gone' && reply.leads)).toHaveLength(1);
    // The one of before still thinks it is: of two proposals for one map one counts.
    for (let round = 0; round < 20; round++) {
      const { version: known } = await a.map();
      const done = await Promise.all([
        a.propose(known, give('a', round)),
        b.propose(known, give('b', round)),
      ]);
      expect(done.sort()).toEqual([false, true]);
    }
    expect((await a.map()).version).toBe(version + 20);
  });

  it('[CLU-10] what has an owner is given to nobody else by a proposal', async () => {
    const { nodes } = await cluster('a', 'b');
    const [a] = nodes as [Asker];
    await a.propose((await a.map()).version, give('a', 1));
    await a.propose((await a.map()).version, [...give('b', 1), { pid: 2, target: 'b' }]);
    const { owners } = await a.map();
    expect(owners[1]).toMatchObject({ node: 'a', epoch: 1 });
    expect(owners[2]).toMatchObject({ node: undefined, target: undefined });
  });

  it('[CLU-3] a node that joins or drains is given nothing', async () => {
    const { address, nodes } = await cluster('a', 'b');
    const [a, b] = nodes as [Asker, Asker];
    const c = await another(address, 'c');
    await c.join();
    await b.state('DRAINING');
    expect(await b.state('ACTIVE')).toBe(false);
    await a.propose((await a.map()).version, [...give('b', 1), ...give('c', 2), ...give('a', 3)]);
    const { owners } = await a.map();
    expect(owners.slice(1, 4).map(({ node }) => node)).toEqual([undefined, undefined, 'a']);
  });

  it('[CLU-13] an owner gives away what it was told to, and what it has no more it does not', async () => {
    const { nodes } = await cluster('a', 'b');
    const [a, b] = nodes as [Asker, Asker];
    await a.propose((await a.map()).version, give('a', 1, 2, 3));
    await a.propose(
      (await a.map()).version,
      [1, 2].map((pid) => ({ pid, target: 'b' })),
    );
    const { version } = await a.map();
    expect(
      await a.handOver('b', [
        [1, 1],
        [2, 9],
        [3, 1],
      ]),
    ).toEqual({ version: version + 1, given: [1] });
    const { owners } = await b.map();
    expect(owners[1]).toEqual({ pid: 1, epoch: 2, node: 'b', boot: 'b1', target: undefined });
    expect(owners[2]).toMatchObject({ node: 'a', epoch: 1, target: 'b' });
    expect(await a.handOver('b', [[1, 1]])).toEqual({ version: version + 1, given: [] });
    expect(await b.handOver('b', [[2, 1]])).toEqual({ version: version + 1, given: [] });
  });

  it('[CLU-13] nothing is given to a target that was silent for longer than a hand-over takes, or that is gone', async () => {
    const { client, nodes } = await cluster('a', 'b');
    const [a, b] = nodes as [Asker, Asker];
    await a.propose((await a.map()).version, give('a', 1));
    await a.propose((await a.map()).version, [{ pid: 1, target: 'b' }]);
    const lastHeard = (agoMs: number) =>
      client.query(
        "update nodes set lease_until = clock_timestamp() + ($1 * interval '1 ms') where name = 'b'",
        [ASKER_BOUNDS.leaseMs - agoMs],
      );
    await lastHeard(ASKER_BOUNDS.handOverMs + 1);
    expect(await a.handOver('b', [[1, 1]])).toBeUndefined();
    await lastHeard(0);
    await b.leave();
    expect(await a.handOver('b', [[1, 1]])).toBeUndefined();
    expect((await a.map()).owners[1]).toMatchObject({ node: 'a', epoch: 1, target: undefined });
  });

  it('[CLU-13] what was said of partitions and not answered is void once the owner has taken them anew', async () => {
    const { nodes } = await cluster('a', 'b');
    const [a, b] = nodes as [Asker, Asker];
    await a.propose((await a.map()).version, give('a', 1));
    await a.propose((await a.map()).version, [{ pid: 1, target: 'b' }]);
    expect(await a.handOver('a', [[1, 1]])).toMatchObject({ given: [1] });
    // The word of before arrives late.
    expect(await a.handOver('b', [[1, 1]])).toMatchObject({ given: [] });
    expect((await b.map()).owners[1]).toMatchObject({ node: 'a', epoch: 2, target: 'b' });
  });

  it('[CLU-12] [STO-33] who was taken over writes nothing any more; what it had begun is waited for', async () => {
    const { address, client, nodes } = await cluster('a', 'b', 'c');
    const [a, b, c] = nodes as [Asker, Asker, Asker];
    await a.propose((await a.map()).version, give('a', partitionOf('k')));
    const old = databases.store(address, { fence: 'a' });
    await old.open();
    const kept = storedRecord({ key: 'k', epoch: 1, n: 1 });
    expect(await old.commit(commitOf([kept]))).toBe('committed');
    const blocker = await databases.client(address);
    await blocker.query('begin; select from partitions for update');
    const flush = old.commit(commitOf([{ ...kept, t: kept.t + 1, epoch: 7, n: 2 }]));
    const waits = async (count: number): Promise<boolean> => {
      const { rows } = await client.query(
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'",
      );
      return rows[0].n >= count;
    };
    await until(() => waits(1));
    await silence(client, 'a');
    const taken = b.takeOver(a, give('b', partitionOf('k')));
    await until(() => waits(2));
    // Nobody else waits for the dead one's commit.
    expect(await c.propose((await c.map()).version, give('c', 1))).toBe(true);
    await blocker.query('commit');
    expect(await flush).toBe('committed');
    expect(await taken).toBe(true);
    expect(await old.commit(commitOf([{ ...kept, t: kept.t + 2, n: 3 }]))).toBe('failed');
    const { owners, nodes: left } = await b.map();
    // Above all that the dead one has written.
    expect(owners[partitionOf('k')]).toMatchObject({ node: 'b', epoch: 8 });
    expect(left.map(({ name, slot }) => [name, slot])).toEqual([
      ['c', 0],
      ['b', 1],
    ]);
    expect(await a.renew()).toBe('gone');
  });

  it('[CLU-12] a lease that lives is never taken, and of two who take a dead one over one does', async () => {
    const { client, nodes } = await cluster('a', 'b', 'c');
    const [a, b, c] = nodes as [Asker, Asker, Asker];
    await a.propose((await a.map()).version, give('a', 1, 2, 3));
    expect(await b.takeOver(a, give('b', 1))).toBe(false);
    expect((await a.map()).owners[1]).toMatchObject({ node: 'a', epoch: 1 });
    await silence(client, 'a');
    const done = await Promise.all([b.takeOver(a, give('b', 1, 2)), c.takeOver(a, give('c', 1, 2))]);
    expect(done.sort()).toEqual([false, true]);
    const { owners } = await b.map();
    expect(owners[1]?.node).toBe(owners[2]?.node);
    expect(owners[1]?.epoch).toBe(2);
    // Whom nobody was named for stays without an owner.
    expect(owners[3]).toMatchObject({ node: undefined, epoch: 1 });
  });

  it('[CLU-12] a renewal and a take-over at once: either the node lives and keeps all, or it is gone', async () => {
    const { address, client, nodes } = await cluster('b');
    const [b] = nodes as [Asker];
    for (let round = 0; round < 30; round++) {
      const a = await another(address, 'a', `a${round}`);
      await a.active();
      await b.propose((await b.map()).version, give('a', round));
      await client.query(
        "update nodes set lease_until = clock_timestamp() + interval '1 ms' where name = 'a'",
      );
      const [renewed, taken] = await Promise.all([a.renew(), b.takeOver(a, give('b', round))]);
      expect(taken && renewed !== 'gone').toBe(false);
      expect((await b.map()).owners[round]?.node).toBe(taken ? 'b' : 'a');
      await silence(client, 'a');
      await b.takeOver(a, []);
    }
  });

  it('[CLU-3] [CLU-11] a node that leaves frees what it owned, and the highest slot takes its place', async () => {
    const { nodes } = await cluster('a', 'b', 'c');
    const [a, b, c] = nodes as [Asker, Asker, Asker];
    await a.propose((await a.map()).version, [...give('a', 1), ...give('c', 2)]);
    await c.propose((await c.map()).version, [{ pid: 2, target: 'a' }]);
    expect(await a.leave()).toBe(true);
    expect(await a.leave()).toBe(false);
    const map = await b.map();
    expect(map.nodes.map(({ name, slot }) => [name, slot])).toEqual([
      ['c', 0],
      ['b', 1],
    ]);
    expect(map.owners[1]).toMatchObject({ node: undefined, epoch: 1 });
    expect(map.owners[2]).toMatchObject({ node: 'c', target: undefined });
    expect(await b.renew()).toMatchObject({ leads: true });
    await b.propose(map.version, give('b', 1));
    expect((await b.map()).owners[1]).toMatchObject({ node: 'b', epoch: 2 });
  });

  it('[CLU-2] [CLU-3] a node that comes back with its memory goes on with what was its own, one that has to load with nothing', async () => {
    const { address, client, nodes } = await cluster('a', 'b');
    const [a, b] = nodes as [Asker, Asker];
    await a.propose((await a.map()).version, give('a', 1, 2));
    await a.propose((await a.map()).version, [{ pid: 2, target: 'b' }]);
    await silence(client, 'a');
    expect(await a.join('ACTIVE')).toMatchObject({ fence: 2 });
    const back = await b.map();
    expect(back.nodes[0]).toMatchObject({ name: 'a', state: 'ACTIVE', slot: 0 });
    expect(back.owners.slice(1, 3)).toMatchObject([
      { node: 'a', boot: 'a1', epoch: 2 },
      { node: 'a', epoch: 2, target: 'b' },
    ]);
    // What was said before it fenced itself comes to nothing.
    expect(await a.handOver('b', [[2, 1]])).toMatchObject({ given: [] });
    await silence(client, 'a');
    await (await another(address, 'a', 'a2')).join();
    expect((await b.map()).owners.slice(1, 3)).toMatchObject([
      { node: undefined, epoch: 2 },
      { node: undefined, epoch: 2, target: undefined },
    ]);
  });

  it('[CLU-15] epochs lie above those of before there was a cluster, and only rise', async () => {
    const { client, nodes } = await cluster('a', 'b');
    const [a] = nodes as [Asker, Asker];
    await client.query('insert into partitions (pid, epoch, n) values (5, 41, 3)');
    await client.query(`create table seen (pid int, was bigint, epoch bigint);
      create function note() returns trigger language plpgsql as $$ begin
        insert into seen values (new.pid, old.epoch, new.epoch); return new; end $$;
      create trigger note after update on owners for each row when (old.node is distinct from new.node) execute function note()`);
    await a.propose((await a.map()).version, give('a', 5, 6));
    expect((await a.map()).owners.slice(5, 7).map(({ epoch }) => epoch)).toEqual([42, 1]);
    await a.propose((await a.map()).version, [{ pid: 5, target: 'b' }]);
    await a.handOver('b', [[5, 42]]);
    await silence(client, 'b');
    await a.takeOver(nodes[1] as Asker, give('a', 5));
    expect((await a.map()).owners[5]).toMatchObject({ node: 'a', epoch: 44 });
    const { rows } = await client.query('select from seen where epoch < was');
    expect(rows).toEqual([]);
  });

  it('[CLU-4] whoever listens hears of each version when it is committed', async () => {
    const { address, client, nodes } = await cluster('a');
    const [a] = nodes as [Asker];
    const heard: string[] = [];
    client.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await client.query('listen topgun_map');
    const { version } = await a.map();
    await a.propose(version, give('a', 1));
    await until(async () => {
      await client.query('select');
      return heard.includes(`${address.schema} ${version + 1}`);
    });
  });
});
