import type { TopGunError } from '@topgun/core';
import { partitionOf } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../contractRecords.js';
import type { CommitBatch } from '../Store.js';
import { judgeFault } from './faults.js';
import { Cut } from './testing/Cut.js';
import { TestDatabases, until } from './testing/testDatabases.js';

const databases = TestDatabases.use({ durable: true });
const pid = partitionOf('k');
const numbered = (n: number): CommitBatch => {
  const batch = commitOf([storedRecord({ key: 'k', t: 1000 + n, n, value: n })]);
  const entries = [{ seq: n, outcome: 0 as const, t: n, node: 's', n, epoch: 1, fingerprint: n }];
  const row = { clientId: 'c', session: 's', settledBelow: 0, entries };
  return { ...batch, slices: batch.slices.map((slice) => ({ ...slice, dedup: [row] })) };
};
const terminate =
  "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'topgun' and state = 'active'";

async function openStore(address = databases.fresh()) {
  const told: TopGunError[] = [];
  const stopped: TopGunError[] = [];
  const store = databases.store(address, {
    onFault: (error) => told.push(error),
    onStopped: (error) => stopped.push(error),
  });
  await store.open();
  return { store, told, stopped, client: await databases.client(address), address };
}

describe('faults of the database', () => {
  it('[STO-36] what PostgreSQL says tells whether a commit can be stored, and what is wrong', () => {
    const said = (code: string): Error => Object.assign(new Error('no'), { code, severity: 'ERROR' });
    const judged = (error: unknown) => {
      const { result, reason, error: typed } = judgeFault(error, 'db');
      return [result, reason ?? typed.code];
    };
    expect(judged(said('53100'))).toEqual(['failed', 'DISK_FULL']);
    expect(judged(said('25006'))).toEqual(['failed', 'STORE_READ_ONLY']);
    expect(judged(said('57014'))).toEqual(['failed', 'STORE_SLOW']);
    expect(judged(said('55P03'))).toEqual(['failed', 'STORE_SLOW']);
    expect(judged(said('53300'))).toEqual(['failed', 'STORE_UNREACHABLE']);
    expect(judged(said('42P01'))).toEqual(['failed', 'STORE_UNAVAILABLE']);
    expect(judged(said('TG001'))).toEqual(['failed', 'STORE_FENCED']);
    for (const code of ['57P01', '57P02', '08006', '40003', '25P03'])
      expect(judged(said(code))).toEqual(['unknown', 'STORE_UNREACHABLE']);
    expect(judged(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).toEqual([
      'unknown',
      'STORE_UNREACHABLE',
    ]);
  });

  it('[STO-36] a full disk, a read-only database and a slow one make commits fail, and are over by themselves', async () => {
    const { store, told, stopped, client } = await openStore();
    const faults = [
      ['53100', 'DISK_FULL'],
      ['25006', 'STORE_READ_ONLY'],
      ['57014', 'STORE_SLOW'],
    ] as const;
    for (const [state, code] of faults) {
      await client.query(`create or replace function refuse() returns trigger language plpgsql as $$ begin
        raise exception 'no' using errcode = '${state}'; end $$`);
      await client.query(
        'create trigger refuse before insert on records for each row execute function refuse()',
      );
      expect(await store.commit(numbered(1))).toBe('failed');
      expect(await store.fault(5_000)).toBe(code);
      expect(told.at(-1)).toMatchObject({ code, remedy: expect.any(String) });
      await client.query('drop trigger refuse on records');
      expect(await store.commit(numbered(2))).toBe('committed');
      expect(await store.fault(5_000)).toBeUndefined();
    }
    expect(stopped).toEqual([]);
    expect(told).toHaveLength(3);
  });

  it('[STO-36] a database set read-only is told by a probe before anything is written', async () => {
    const { store, client } = await openStore();
    const name = 'postgres';
    await client.query(`alter database ${name} set default_transaction_read_only = on`);
    await client.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'topgun'",
    );
    await until(async () => (await store.fault(5_000)) === 'STORE_READ_ONLY');
    expect(await store.commit(numbered(1))).toBe('failed');
    await client.query('set default_transaction_read_only = off');
    await client.query(`alter database ${name} reset default_transaction_read_only`);
    await until(async () => (await store.commit(numbered(2))) === 'committed');
    expect(await store.fault(5_000)).toBeUndefined();
  });

  it('[STO-35] [STO-14] a session ended in the middle of a commit: unknown, and the dedup rows tell the truth', async () => {
    const { store, client, address } = await openStore();
    expect(await store.commit(numbered(1))).toBe('committed');
    const blocker = await databases.client(address);
    await blocker.query('begin; select from partitions for update');
    const commit = store.commit(numbered(2));
    await until(async () => (await client.query(terminate)).rows.length > 0);
    expect(await commit).toBe('unknown');
    const read = store.readDedup(pid, 'c', 's');
    await blocker.query('commit');
    expect((await read)?.entries.map(({ seq }) => seq)).toEqual([1]);
    expect(await store.commit(numbered(3))).toBe('committed');
    expect(await store.read('m', 'k')).toMatchObject({ value: 3 });
  });

  it('[STO-35] a flush that goes on after its connection was cut is over before anything is read or written', async () => {
    const address = databases.fresh();
    const cut = await Cut.before(address.port);
    const store = databases.store({ ...address, port: cut.port });
    await store.open();
    expect(await store.commit(numbered(1))).toBe('committed');
    const blocker = await databases.client(address);
    await blocker.query('begin; select from partitions for update');
    const commit = store.commit(numbered(2));
    const watcher = await databases.client(address);
    const waiting = async (count: number): Promise<boolean> => {
      const { rows } = await watcher.query(
        "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'topgun'",
      );
      return rows[0].n >= count;
    };
    await until(() => waiting(1));
    cut.near();
    expect(await commit).toBe('unknown');
    const read = store.readDedup(pid, 'c', 's');
    // The raise of the fence waits for the flush, which waits for the lock.
    await until(() => waiting(2));
    await blocker.query('commit');
    expect((await read)?.entries.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await store.read('m', 'k')).toMatchObject({ value: 2 });
    expect(await store.commit(numbered(3))).toBe('committed');
    await store.close();
    await cut.end();
  });

  it('[STO-36] a database that is killed and started again: nothing committed is lost, and the store goes on by itself', async () => {
    const { store, stopped, told } = await openStore();
    let committed = 0;
    let isOver = false;
    const writing = (async () => {
      for (let n = 1; !isOver; n++) if ((await store.commit(numbered(n))) === 'committed') committed = n;
    })();
    await until(() => committed > 20);
    await databases.server.kill();
    expect(await store.fault(5_000)).toBe('STORE_UNREACHABLE');
    const asked = store.readDedup(pid, 'c', 's');
    await databases.server.restart();
    const before = committed;
    await until(() => committed > before + 20);
    isOver = true;
    await writing;
    const seqs = (await store.readDedup(pid, 'c', 's'))?.entries.map(({ seq }) => seq) ?? [];
    expect(seqs.filter((seq) => seq <= before)).toHaveLength(
      new Set(seqs.filter((seq) => seq <= before)).size,
    );
    expect(seqs).toContain(before);
    expect((await asked)?.entries.length).toBeGreaterThan(20);
    expect(await store.read('m', 'k')).toMatchObject({ value: committed });
    expect(stopped).toEqual([]);
    expect(told.map(({ code }) => code)).toContain('STORE_UNREACHABLE');
  });
});
