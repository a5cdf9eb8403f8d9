import type { ClientBase } from 'pg';
import { serverError } from '../../errors.js';
import { lockKeyOf } from './lockKey.js';
import { type Migration, migrations } from './migrations/index.js';

/** The oldest PostgreSQL that the suites run on. */
const VERSION_MIN = 150_000;

/**
 * Brings the schema to the newest step, in one transaction under a lock, so that servers that start together do it once (STO-30). Throws
 * STORE_VERSION when the database has had a step that this server does not know, or is too old.
 */
export async function migrate(
  client: ClientBase,
  schema: string,
  steps: readonly Migration[] = migrations,
): Promise<void> {
  const { rows: versions } = await client.query(
    "select current_setting('server_version_num')::int as version, current_setting('server_version') as shown",
  );
  const { version, shown } = versions[0];
  if (version < VERSION_MIN)
    throw serverError(
      'STORE_VERSION',
      `This is PostgreSQL ${shown}; 15 is the oldest that this version uses.`,
    );
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1, $2)', [...lockKeyOf(schema, 'migrations')]);
    // Asked first, for `if not exists` wants the right to create one even where it is there.
    const { rowCount } = await client.query('select from pg_namespace where nspname = $1', [schema]);
    if (rowCount === 0) await client.query(`create schema ${schema}`);
    const { rows } = await client.query("select to_regclass('migrations') is not null as there");
    if (!rows[0].there) {
      await client.query(
        'create table migrations (number int primary key, name text not null, applied_at timestamptz not null default now())',
      );
    }
    const { rows: found } = await client.query('select coalesce(max(number), 0) as last from migrations');
    const last: number = found[0].last;
    const known = steps.at(-1)?.number ?? 0;
    if (last > known) {
      const message = `The schema ${schema} has had step ${last}; this version knows ${known}.`;
      throw serverError('STORE_VERSION', message);
    }
    for (const { number, name, sql } of steps.filter((step) => step.number > last)) {
      await client.query(sql);
      await client.query('insert into migrations (number, name) values ($1, $2)', [number, name]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
