import type { TopGunError } from '@topgun/core';
import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../contractRecords.js';
import { MemoryStore } from '../MemoryStore.js';
import type { CommitBatch, Store, StoredRecord } from '../Store.js';
import { migrations } from './migrations/index.js';
import { TestDatabases, until } from './testing/testDatabases.js';

const databases = TestDatabases.use();
const one = commitOf([storedRecord({ key: 'k' })]);
const two = commitOf([storedRecord({ key: 'l', n: 2 })]);

/** All a store holds, in one comparable value. */
async function contentOf(store: Store, pids: readonly number[]): Promise<unknown> {
  const content: [string, unknown][] = [];
  for (const pid of pids) {
    await store.scan(pid, (record) =>
      content.push([`${record.map} ${record.key} ${record.tag ?? ''}`, record]),
    );
    await store.scanDedup(pid, (row) => content.push([`${row.clientId} ${row.session}`, row]));
  }
  return content.sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('PostgresStore', () => {
  it('[STO-32] merges in the database as every store merges, whatever the kinds, ties and purges', async () => {
    const total = fc.integer({ min: 0, max: 4 });
    const records = fc
      .record({
        kind: fc.constantFrom('LWW', 'OR', 'PN', 'LWW'),
        key: fc.constantFrom('{p}a', '{p}\0', '{p}🐢'),
        t: fc.integer({ min: 1, max: 3 }),
        // Code units and code points order the last two differently.
        node: fc.constantFrom('a', 'Z', '\uffff', '😀'),
        value: fc.constantFrom(undefined, 'x', 'y', 0),
        totals: fc.tuple(total, total),
        ttlMs: fc.constantFrom(undefined, 5, 9),
        repaired: fc.constantFrom(undefined, undefined, 1, 2),
        epoch: fc.integer({ min: 1, max: 2 }),
        n: fc.integer({ min: 1, max: 3 }),
        owner: fc.constantFrom(undefined, 'nul \0'),
      })
      .map(
        ({ kind, totals, value, ttlMs, repaired, owner, ...rest }): StoredRecord => ({
          ...rest,
          map: 'm',
          kind: kind as StoredRecord['kind'],
          value: kind === 'PN' ? totals : value,
          ...(kind === 'OR' && { tag: 'g' }),
          ...(kind === 'LWW' && repaired !== undefined && { repaired }),
          ...(ttlMs !== undefined && { ttlMs }),
          ...(owner !== undefined && { owner }),
        }),
      );
    const entries = fc.uniqueArray(fc.nat({ max: 6 }), { maxLength: 4 });
    const commits = fc
      .record({
        records: fc.array(records, { maxLength: 4 }),
        settledBelow: fc.nat({ max: 5 }),
        seqs: entries,
        purgedTo: fc.constantFrom(0, 0, 0, 1, 2),
      })
      .map(({ records: some, settledBelow, seqs, purgedTo }) => (pid: number): CommitBatch => {
        const gc = { floor: { t: purgedTo, node: 'a' }, offset: { epoch: 1, n: purgedTo } };
        const row = {
          clientId: 'c',
          session: 's',
          settledBelow,
          entries: seqs.map((seq) => ({
            seq,
            outcome: 3 as const,
            reason: '\0',
            t: settledBelow,
            node: 's',
            n: 1,
            epoch: 1,
            fingerprint: 2 ** 53 - 1,
          })),
        };
        const slice = { pid, high: { epoch: 1, n: some.length }, records: some, dedup: [row] };
        return {
          slices: [{ ...slice, ...(purgedTo > 0 && { gc }) }],
          meta: [{ name: 'a\0', value: seqs.length }],
        };
      });
    const model = new MemoryStore();
    const address = databases.fresh();
    const store = databases.store(address);
    await store.open();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(commits, { minLength: 1, maxLength: 6 }), async (list) => {
        // A partition of its own is a store of its own, without the time to make one.
        const pid = run++ % PARTITION_COUNT;
        for (const batchFor of list) {
          await model.commit(batchFor(pid));
          expect(await store.commit(batchFor(pid))).toBe('committed');
        }
        expect(await contentOf(store, [pid])).toEqual(await contentOf(model, [pid]));
      }),
      { numRuns: 100 },
    );
    await store.close();
    const { incarnation: _, ...boot } = await databases.store(address).open();
    const { incarnation: __, ...expected } = await model.open();
    expect(boot).toEqual(expected);
  });

  it('[STO-30] servers that start together build the schema once; one that is ahead is refused', async () => {
    const address = databases.fresh();
    const stores = ['a', 'b', 'c', 'd'].map((fence) => databases.store(address, { fence }));
    const boots = await Promise.all(stores.map((store) => store.open()));
    expect(new Set(boots.map(({ incarnation }) => incarnation)).size).toBe(1);
    for (const store of stores) expect(await store.commit(one)).toBe('committed');
    const client = await databases.client(address);
    const { rows } = await client.query('select number from migrations order by number');
    expect(rows.map(({ number }) => number)).toEqual(migrations.map(({ number }) => number));
    await client.query("insert into migrations (number, name) values (99, 'of a later version')");
    await expect(databases.store(address, { fence: 'e' }).open()).rejects.toMatchObject({
      code: 'STORE_VERSION',
    });
  });

  it('[STO-33] a server whose place another has taken writes nothing any more, and has stopped for good', async () => {
    const address = databases.fresh();
    const stopped: TopGunError[] = [];
    const old = databases.store(address, { onStopped: (error) => stopped.push(error) });
    await old.open();
    expect(await old.commit(one)).toBe('committed');
    const client = await databases.client(address);
    // As if the old one were paused, and its machine out of reach.
    await client.query("update fences set number = number + 1, holder = 'another' where name = 'server'");
    expect(await old.commit(two)).toBe('failed');
    expect(stopped).toMatchObject([{ code: 'STORE_FENCED' }]);
    expect(await old.commit(two)).toBe('failed');
    await expect(old.readDedup(1, 'c', 's')).rejects.toMatchObject({ code: 'STORE_FENCED' });
    const { rows } = await client.query("select convert_from(key, 'UTF8') as key from records");
    expect(rows).toEqual([{ key: 'k' }]);
  });

  it('[STO-33] taking over waits for a flush that runs, which is seen by whoever takes over', async () => {
    const address = databases.fresh();
    const old = databases.store(address, { fence: 'x' });
    await old.open();
    await old.commit(one);
    const blocker = await databases.client(address);
    await blocker.query('begin; select from partitions for update');
    const flush = old.commit(commitOf([storedRecord({ key: 'k', t: 5000, value: 'last', n: 7 })]));
    const watcher = await databases.client(address);
    const waiting = async (count: number): Promise<boolean> => {
      const { rows } = await watcher.query(
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'",
      );
      return rows[0].n >= count;
    };
    await until(() => waiting(1));
    // Its guard is gone, its flush is not.
    await watcher.query(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted",
    );
    const next = databases.store(address, { fence: 'x', heldMs: 20_000 });
    const opening = next.open();
    await until(() => waiting(2));
    await blocker.query('commit');
    const boot = await opening;
    expect(await flush).toBe('committed');
    expect(boot.partitions.get(partitionOf('k'))).toMatchObject({ n: 7 });
    expect(await next.read('m', 'k')).toMatchObject({ value: 'last' });
    expect(await old.commit(two)).toBe('failed');
  });

  it('[STO-34] a second server is refused with STORE_LOCKED, also after the first had lost its connections', async () => {
    const address = databases.fresh();
    const first = databases.store(address);
    await first.open();
    const second = () => databases.store(address, { heldMs: 1 }).open();
    await expect(second()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    const client = await databases.client(address);
    const guards = async (): Promise<readonly number[]> => {
      const { rows } = await client.query("select pid from pg_locks where locktype = 'advisory' and granted");
      return rows.map(({ pid }) => pid);
    };
    const before = await guards();
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'topgun'",
    );
    await until(async () => (await guards()).some((pid) => !before.includes(pid)));
    await expect(second()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    expect(await first.commit(one)).toBe('committed');
    await first.close();
    await second();
  });

  it('[STO-37] a commit waits for the disk, whatever the database is set to', async () => {
    const address = databases.fresh();
    const store = databases.store(address);
    await store.open();
    const client = await databases.client(address);
    const { rows } = await client.query("select current_setting('synchronous_commit') as setting");
    expect(rows).toEqual([{ setting: 'off' }]);
    await client.query(`create function look() returns trigger language plpgsql as $$ begin
      insert into facts values ('seen', convert_to(current_setting('synchronous_commit'), 'UTF8')); return new; end $$;
      create trigger look after insert on records execute function look()`);
    expect(await store.commit(one)).toBe('committed');
    const seen = await client.query("select convert_from(value, 'UTF8') as value from facts");
    expect(seen.rows).toEqual([{ value: 'on' }]);
  });

  it('[STO-40] no statement is compiled, whatever the database is set to', async () => {
    const address = databases.fresh();
    const store = databases.store(address);
    await store.open();
    const client = await databases.client(address);
    await client.query(`alter database ${client.database} set jit = on`);
    await client.query(`create function look() returns trigger language plpgsql as $$ begin
      insert into facts values ('seen', convert_to(current_setting('jit'), 'UTF8')); return new; end $$;
      create trigger look after insert on records execute function look()`);
    expect(await store.commit(one)).toBe('committed');
    const seen = await client.query("select convert_from(value, 'UTF8') as value from facts");
    expect(seen.rows).toEqual([{ value: 'off' }]);
  });

  it('[STO-38] [INC-1] tables that are found in another home begin a new life', async () => {
    const address = databases.fresh();
    const store = databases.store(address);
    const { incarnation } = await store.open();
    await store.close();
    expect((await databases.store(address, { fence: 'b' }).open()).incarnation).toBe(incarnation);
    const client = await databases.client(address);
    // What a dump that is restored leaves: the same rows in another table.
    await client.query(
      'create table other (like store including all); insert into other table store; drop table store; alter table other rename to store',
    );
    const boot = await databases.store(address, { fence: 'c' }).open();
    expect(boot).toMatchObject({ renewedFrom: incarnation, renewedAtMs: expect.any(Number) });
    expect(boot.incarnation).not.toBe(incarnation);
    const later = await databases.store(address, { fence: 'd' }).open();
    expect(later.incarnation).toBe(boot.incarnation);
    expect(later.renewedFrom).toBeUndefined();
  });

  it('[STO-38] a database that is replaced under a running server stops it before anything is written', async () => {
    const address = databases.fresh();
    const stopped: TopGunError[] = [];
    const store = databases.store(address, { onStopped: (error) => stopped.push(error) });
    await store.open();
    const client = await databases.client(address);
    await client.query(
      'create table other (like store including all); insert into other table store; drop table store; alter table other rename to store',
    );
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'topgun'",
    );
    await until(async () => (await store.commit(one)) === 'failed' && stopped.length > 0);
    expect(stopped).toMatchObject([{ code: 'STORE_STOPPED' }]);
    expect((await client.query('select from records')).rowCount).toBe(0);
  });

  it('[STO-39] a record that was damaged is never served', async () => {
    const address = databases.fresh();
    const store = databases.store(address);
    await store.open();
    await store.commit(one);
    const client = await databases.client(address);
    await client.query("update records set body = '\\xa177'");
    await expect(store.read('m', 'k')).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(store.scan(partitionOf('k'), () => undefined)).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    });
  });

  it('[STO-16] large partitions and large values are read in pages', async () => {
    const store = databases.store(databases.fresh());
    await store.open();
    const large = 'v'.repeat(200_000);
    const records = Array.from({ length: 2_500 }, (_, i) =>
      storedRecord({ key: `{one}${i}`, n: i + 1, value: i % 100 === 0 ? large : i }),
    );
    for (let from = 0; from < records.length; from += 500)
      expect(await store.commit(commitOf(records.slice(from, from + 500)))).toBe('committed');
    const seen = new Set<string>();
    await store.scan(partitionOf('{one}'), ({ key }) => seen.add(key));
    expect(seen.size).toBe(2_500);
    expect(await store.changesSince(partitionOf('{one}'), { epoch: 1, n: 2_000 }, 10)).toEqual(
      records.slice(2_000, 2_010),
    );
  });
});
