import { describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../contractRecords.js';
import { describeSharedStorage, type SharedNode } from '../describeSharedStorage.js';
import type { DatabaseAddress } from './databaseUrl.js';
import type { PostgresStore } from './PostgresStore.js';
import { Cut } from './testing/Cut.js';
import { TestDatabases, until } from './testing/testDatabases.js';

const databases = TestDatabases.use();

interface Opened extends SharedNode {
  readonly store: PostgresStore;
}

/** A store of a node of a cluster, which is a member. */
async function nodeOf(address: DatabaseAddress, name: string, boot = `boot of ${name}`): Promise<Opened> {
  let times = 0;
  const onFenced = (): void => {
    times++;
  };
  const store = databases.store(address, { node: { name, boot, onFenced } });
  const storeBoot = await store.open();
  const client = await databases.client(address);
  const { rows } = await client.query(
    `insert into fences (name, number, holder) values ($1, 1, $2)
     on conflict (name) do update set number = fences.number + 1, holder = excluded.holder returning number::int`,
    [name, boot],
  );
  store.joined(rows[0].number);
  return { store, boot: storeBoot, fenced: () => times };
}

describeSharedStorage('PostgreSQL', async () => {
  const address = databases.fresh();
  const opened = new Map<string, Opened>();
  const raised = async (holder: string, name: string): Promise<number> => {
    const client = await databases.client(address);
    const { rows } = await client.query(
      'update fences set number = number + 1, holder = $1 where name = $2 returning number::int',
      [holder, name],
    );
    return rows[0].number;
  };
  return {
    node: async (name) => {
      const node = await nodeOf(address, name);
      opened.set(name, node);
      return node;
    },
    takeOver: async (name) => void (await raised('taken over by b', name)),
    rejoin: async (name) => opened.get(name)?.store.joined(await raised(`boot of ${name}`, name)),
    dispose: async () => undefined,
  };
});

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
