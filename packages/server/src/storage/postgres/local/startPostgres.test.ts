import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startPostgres } from './startPostgres.js';

it('[FUZZ-6] a PostgreSQL of its own keeps text in order of code points, takes settings, and leaves nothing behind', async () => {
  const server = await startPostgres({ settings: ['work_mem=7MB'] });
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query(
    "select array(select unnest(array['b','a','B','é']) order by 1) as texts, current_setting('work_mem') as memory, current_setting('data_directory') as folder",
  );
  const [{ folder, ...rest }] = rows;
  expect(rest).toEqual({ texts: ['B', 'a', 'b', 'é'], memory: '7MB' });
  expect(existsSync(dirname(folder))).toBe(true);
  const stranger = new pg.Client({ connectionString: server.url.replace(/:[^:@]+@/, ':wrong@') });
  await expect(stranger.connect()).rejects.toMatchObject({ code: '28P01' });
  await client.end();
  await server.stop();
  // Its own folder alone: other servers of other tests come and go meanwhile.
  expect(existsSync(dirname(folder))).toBe(false);
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
