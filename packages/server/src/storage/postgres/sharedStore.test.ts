import { partitionOf } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../contractRecords.js';
import type { MetaRow } from '../Store.js';
import type { DatabaseAddress } from './databaseUrl.js';
import type { PostgresStore } from './PostgresStore.js';
import { Cut } from './testing/Cut.js';
import { TestDatabases, until } from './testing/testDatabases.js';

const databases = TestDatabases.use();

interface Opened {
  readonly store: PostgresStore;
  readonly fenced: () => number;
}

/** A store of a node of a cluster, which is a member. */
async function nodeOf(address: DatabaseAddress, name: string, boot = `boot of ${name}`): Promise<Opened> {
  let times = 0;
  const onFenced = (): void => {
    times++;
  };
  const store = databases.store(address, { node: { name, boot, onFenced } });
  await store.open();
  const client = await databases.client(address);
  const { rows } = await client.query(
    `insert into fences (name, number, holder) values ($1, 1, $2)
     on conflict (name) do update set number = fences.number + 1, holder = excluded.holder returning number::int`,
    [name, boot],
  );
  store.joined(rows[0].number);
  return { store, fenced: () => times };
}

const facts = (...meta: MetaRow[]) => ({ slices: [], meta });

describe('PostgresStore of several nodes', () => {
  it('[STO-35] [CLU-2] a node that was taken over while nothing was heard of its commit is fenced, and goes on once it has joined anew', async () => {
    const address = databases.fresh();
    const cut = await Cut.before(address.port);
    const { store, fenced } = await nodeOf({ ...address, port: cut.port }, 'a');
    expect(await store.commit(commitOf([storedRecord({ key: 'first' })]))).toBe('committed');
    const other = await databases.client(address);
    // A commit waits for the lock of who takes over, and its connection is lost meanwhile.
    await other.query("begin; select from fences where name = 'a' for update");
    const commit = store.commit(commitOf([storedRecord({ key: 'k' })]));
    await until(async () => {
      const { rows } = await other.query("select from pg_stat_activity where wait_event_type = 'Lock'");
      return rows.length > 0;
    });
    cut.near();
    expect(await commit).toBe('unknown');
    await other.query(
      "update fences set number = number + 1, holder = 'taken over' where name = 'a'; commit",
    );
    // Its own fence is raised by somebody else: the commit is over.
    expect((await store.read('m', 'first'))?.key).toBe('first');
    expect(await store.commit(commitOf([storedRecord({ key: 'late' })]))).toBe('failed');
    expect(fenced()).toBeGreaterThan(0);
    const { rows } = await other.query(
      "update fences set number = number + 1, holder = 'boot of a' where name = 'a' returning number::int",
    );
    store.joined(rows[0].number);
    expect(await store.commit(commitOf([storedRecord({ key: 'again' })]))).toBe('committed');
    expect([await store.read('m', 'k'), await store.read('m', 'late')]).toEqual([undefined, undefined]);
    await cut.end();
  });

  it('[CLU-25] facts have revisions over all nodes, and those that were taken back are told, too', async () => {
    const address = databases.fresh();
    const [a, b] = [await nodeOf(address, 'a'), await nodeOf(address, 'b')];
    expect(await a.store.commitShared(facts({ name: 'x', value: 1 }))).toEqual({
      result: 'committed',
      revision: 1,
    });
    expect(await b.store.commitShared(commitOf([storedRecord({ key: 'k' })]))).toEqual({
      result: 'committed',
      revision: 0,
    });
    expect(await b.store.commitShared(facts({ name: 'y', value: { z: [1] } }))).toMatchObject({
      revision: 2,
    });
    expect(await a.store.commitShared(facts({ name: 'x', value: null }))).toMatchObject({ revision: 3 });
    const state = await b.store.sharedState(1);
    expect(state).toMatchObject({
      revision: 3,
      facts: new Map<string, unknown>([
        ['y', { z: [1] }],
        ['x', null],
      ]),
    });
    expect(state.partitions.get(partitionOf('k'))).toEqual({ high: { epoch: 1, n: 1 } });
    expect((await a.store.sharedState(3)).facts.size).toBe(0);
    await a.store.close();
    const again = databases.store(address, { node: { name: 'a', boot: 'later', onFenced: () => undefined } });
    const boot = await again.open();
    expect([...boot.meta]).toEqual([['y', { z: [1] }]]);
    expect(boot.revision).toBe(3);
  });

  it('[CLU-25] the first one of a fact that nodes decide stands, and whose commit would change it stores nothing', async () => {
    const address = databases.fresh();
    const [a, b] = [await nodeOf(address, 'a'), await nodeOf(address, 'b')];
    const claim = (value: unknown, was?: unknown) => ({
      ...commitOf([storedRecord({ key: 'k', value, t: 5000 })]),
      meta: [{ name: 'map:m', value, was: { value: was } }],
    });
    expect(await a.store.commit(claim({ kind: 'LWW' }))).toBe('committed');
    expect(await b.store.commit(claim({ kind: 'PN' }))).toBe('contradicted');
    expect((await b.store.read('m', 'k'))?.value).toEqual({ kind: 'LWW' });
    // What is said again, and what takes the place of what stands, goes through.
    expect(await b.store.commit(claim({ kind: 'LWW' }))).toBe('committed');
    expect(await b.store.commit(claim({ kind: 'LWW', resolver: 'r' }, { kind: 'LWW' }))).toBe('committed');
    expect(await a.store.commit(claim({ kind: 'LWW', resolver: 's' }, { kind: 'LWW' }))).toBe('contradicted');
    expect((await a.store.sharedState(0)).facts.get('map:m')).toEqual({ kind: 'LWW', resolver: 'r' });
  });

  it('[CLU-25] facts that nodes commit at once get one revision each, and whoever sees one has seen all before it', async () => {
    const address = databases.fresh();
    const nodes = await Promise.all(['a', 'b', 'c'].map((name) => nodeOf(address, name)));
    const seen = new Map<string, unknown>();
    let revision = 0;
    let isDone = false;
    const reading = (async () => {
      while (!isDone || revision < 60) {
        const state = await nodes[0]?.store.sharedState(revision);
        for (const [name, value] of state?.facts ?? []) seen.set(name, value);
        revision = state?.revision ?? 0;
      }
    })();
    const revisions = await Promise.all(
      nodes.map(async ({ store }, i) => {
        const made: number[] = [];
        for (let at = 0; at < 20; at++)
          made.push((await store.commitShared(facts({ name: `${i}/${at}`, value: at }))).revision);
        return made;
      }),
    );
    isDone = true;
    await reading;
    expect(revisions.flat().sort((x, y) => x - y)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(seen.size).toBe(60);
  });

  it('[CLU-12] a node whose fence was raised stores nothing, is told, and goes on when it is a member anew', async () => {
    const address = databases.fresh();
    const { store, fenced } = await nodeOf(address, 'a');
    expect(await store.commit(facts({ name: 'x', value: 1 }))).toBe('committed');
    const client = await databases.client(address);
    await client.query("update fences set number = number + 1, holder = 'taken over by b' where name = 'a'");
    expect(await store.commit(facts({ name: 'x', value: 2 }))).toBe('failed');
    expect(fenced()).toBe(1);
    // It follows all the same.
    expect((await store.sharedState(0)).facts.get('x')).toBe(1);
    await client.query("update fences set number = number + 1, holder = 'boot of a' where name = 'a'");
    store.joined(3);
    expect(await store.commit(facts({ name: 'x', value: 3 }))).toBe('committed');
  });

  it('[STO-34] nodes share a database, and keep out a server that is none of them, as it keeps out them', async () => {
    const address = databases.fresh();
    const [a, b] = [await nodeOf(address, 'a'), await nodeOf(address, 'b')];
    await expect(databases.store(address, { heldMs: 50 }).open()).rejects.toMatchObject({
      code: 'STORE_LOCKED',
    });
    await a.store.close();
    await b.store.close();
    const alone = databases.store(address);
    await alone.open();
    const node = { name: 'c', boot: '1', onFenced: () => undefined };
    await expect(databases.store(address, { heldMs: 50, node }).open()).rejects.toMatchObject({
      code: 'STORE_LOCKED',
    });
  });

  it('[STO-38] [INC-1] of nodes that start on restored tables one begins the new life, and the others are in it', async () => {
    const address = databases.fresh();
    const { store } = await nodeOf(address, 'a');
    await store.close();
    const client = await databases.client(address);
    const { rows } = await client.query("update store set home = 'elsewhere' returning incarnation");
    const stores = ['a', 'b', 'c'].map((name) =>
      databases.store(address, { node: { name, boot: name, onFenced: () => undefined } }),
    );
    const boots = await Promise.all(stores.map((one) => one.open()));
    const lives = new Set(boots.map(({ incarnation }) => incarnation));
    expect(lives.size).toBe(1);
    expect(lives.has(rows[0].incarnation)).toBe(false);
    // Two that find out together that time was lost, too.
    const [first, second] = await Promise.all(stores.slice(0, 2).map((one) => one.renew()));
    expect(first).toBe(second);
    await until(async () => (await stores[2]?.sharedState(0))?.incarnation === first);
  });

  it('[STO-31] a server of the version before goes on committing, and what it says has revisions', async () => {
    const address = databases.fresh();
    const { store } = await nodeOf(address, 'a');
    const client = await databases.client(address);
    const empty = Array.from({ length: 44 - 0 }, () => '{}');
    await client.query(
      `select commit_batch('a', 1, ${empty
        .slice(0, 42)
        .map((text) => `'${text}'`)
        .join(', ')}, $1, $2)`,
      [[Buffer.from('old')], [Buffer.from([1])]],
    );
    expect(await store.sharedState(0)).toMatchObject({ revision: 1, facts: new Map([['old', 1]]) });
  });
});
