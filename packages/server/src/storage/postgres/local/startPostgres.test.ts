import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startPostgres } from './startPostgres.js';

const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('topgun-postgres-'));

it('[FUZZ-6] a PostgreSQL of its own keeps text in order of code points, takes settings, and leaves nothing behind', async () => {
  const before = new Set(folders());
  const server = await startPostgres({ settings: ['work_mem=7MB'] });
  const own = folders().filter((name) => !before.has(name));
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query(
    "select array(select unnest(array['b','a','B','é']) order by 1) as texts, current_setting('work_mem') as memory",
  );
  expect(rows).toEqual([{ texts: ['B', 'a', 'b', 'é'], memory: '7MB' }]);
  const stranger = new pg.Client({ connectionString: server.url.replace(/:[^:@]+@/, ':wrong@') });
  await expect(stranger.connect()).rejects.toMatchObject({ code: '28P01' });
  await client.end();
  await server.stop();
  expect(folders().filter((name) => own.includes(name))).toEqual([]);
});

it('[FUZZ-6] says what to do where there is none', async () => {
  const { TOPGUN_POSTGRES: named } = process.env;
  expect(named !== undefined && existsSync(named)).toBe(true);
  process.env.TOPGUN_POSTGRES = '/nowhere/postgres';
  try {
    await expect(startPostgres()).rejects.toThrow('TOPGUN_POSTGRES names no PostgreSQL');
  } finally {
    process.env.TOPGUN_POSTGRES = named;
  }
});
