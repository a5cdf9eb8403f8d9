import { type DatabaseAddress, parseDatabaseUrl } from '../databaseUrl.js';
import type { Postgres } from './startPostgres.js';

/** The address of a schema of a server that a test has started; `options` go on with `&`. */
export function databaseOf({ url }: Pick<Postgres, 'url'>, schema: string, options = ''): DatabaseAddress {
  const address = parseDatabaseUrl(`${url}?schema=${schema}${options}`);
  if (address === undefined) throw new Error(`not a database URL: ${schema}${options}`);
  return address;
}
