import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packTime, partitionOf } from '@topgun/core';
import { EmbeddedStore, type StoredRecord } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exitCodes } from './exitCodes.js';
import { runCli } from './runCli.js';

const IN_TEN_YEARS = Date.now() + 10 * 365 * 86_400_000;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-cli-repair-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(...args: string[]) {
  let out = '';
  let err = '';
  const code = await runCli(['repair', ...args, '--data-dir', 'data'], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env: { USER: 'ada' },
    cwd: folder,
    color: false,
    columns: 100,
    onLine: () => () => undefined,
    onStopSignal: () => () => undefined,
    exitNow: () => undefined,
    onReload: () => () => undefined,
    readSecret: async () => '',
    isInteractive: false,
  });
  return { code, out, err };
}

async function withStore<T>(work: (store: EmbeddedStore) => Promise<T>): Promise<T> {
  const store = new EmbeddedStore({ folder: join(folder, 'data') });
  await store.open();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Stores records of map `m`, stamped in ten years. */
const poison = (...keys: string[]) =>
  withStore(async (store) => {
    for (const key of keys) {
      const t = packTime(IN_TEN_YEARS, 0);
      const record: StoredRecord = { map: 'm', key, kind: 'LWW', value: 'old', t, node: 'x', epoch: 1, n: 1 };
      const slice = { pid: partitionOf(key), high: { epoch: 1, n: 1 }, records: [record], dedup: [] };
      await store.commit({ slices: [slice], meta: [] });
    }
  });
const stored = (key: string) => withStore((store) => store.read('m', key));

describe('topgun repair', () => {
  it('[CLI-14] [CLK-7] lists what comes from the future, repairs one record, and shows who did it', async () => {
    await poison('a', 'b');
    const before = await run();
    expect([before.code, before.err]).toEqual([exitCodes.ok, '']);
    expect(before.out).toMatch(/^Time here: 20\d\d-\S+Z\n/);
    expect(before.out).toContain('Found 2 records from the future.\n');
    expect(before.out).toMatch(/ {2}m\/a {2}written \S+Z, 36\d\d d ahead, by x\n/);
    const made = await run('m', 'a', '--value', '{"title":"new"}');
    expect([made.code, made.err]).toEqual([exitCodes.ok, '']);
    expect(made.out).toMatch(/^Repaired 1 record\.\n {2}1 {2}\S+Z {2}ada {2}put {2}m\/a {2}\S+Z -> \S+Z\n$/);
    expect((await stored('a'))?.value).toEqual({ title: 'new' });
    const after = await run();
    expect(after.out).toContain('Found 1 record from the future.\n  m/b');
    expect(after.out).toMatch(/Repairs so far, the last first:\n {2}1 {2}\S+ {2}ada {2}put {2}m\/a /);
  });

  it('[CLI-14] keeps the values of all, and may be told who does it', async () => {
    await poison('a', 'b', 'c');
    await run('m', 'c', '--remove', '--by', 'night shift');
    const { out } = await run('m', '--all');
    expect(out).toContain('Repaired 2 records.\n');
    expect((await run('--all')).out).toBe('Repaired 0 records.\n');
    expect([(await stored('a'))?.value, (await stored('c'))?.value]).toEqual(['old', undefined]);
    expect((await stored('a'))?.t).toBeLessThanOrEqual(packTime(Date.now() + 2000, 0));
    expect((await run()).out).toMatch(/ {2}1 {2}\S+ {2}night shift {2}remove {2}m\/c /);
  });

  it('[CLI-14] refuses with code and remedy, and changes nothing', async () => {
    await poison('a');
    for (const [args, code] of [
      [['m', 'nowhere', '--keep'], 'REPAIR_MISSING'],
      [['m', 'a', '--keep', '--skew', '4000d'], 'REPAIR_NEEDLESS'],
      [['m', 'a', '--value', 'null'], 'REPAIR_INVALID'],
    ] as const) {
      const { code: exit, err } = await run(...args);
      expect([exit, err.split(' ')[1]]).toEqual([exitCodes.failure, code]);
    }
    expect((await stored('a'))?.value).toBe('old');
    await withStore(async () => {
      expect((await run()).err).toContain('STORE_LOCKED');
    });
    await rm(join(folder, 'data'), { recursive: true });
    expect((await run()).err).toContain('STORE_MISSING');
  });
});
