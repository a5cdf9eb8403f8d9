import pg from 'pg';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type DatabaseAddress, parseDatabaseUrl } from '../databaseUrl.js';
import { type Postgres, type PostgresOptions, startPostgres } from '../local/startPostgres.js';
import { PostgresStore, type PostgresStoreOptions } from '../PostgresStore.js';

/** The address of a schema of a server that a test has started; `options` go on with `&`. */
export function databaseOf({ url }: Pick<Postgres, 'url'>, schema: string, options = ''): DatabaseAddress {
  const address = parseDatabaseUrl(`${url}?schema=${schema}${options}`);
  if (address === undefined) throw new Error(`not a database URL: ${schema}${options}`);
  return address;
}

/** A real PostgreSQL for the tests of a file, a schema for each of them, and everything closed in the end. */
export class TestDatabases {
  #server: Postgres | undefined;
  #round = 0;
  readonly #open: { end(): Promise<void> }[] = [];

  static use(options?: PostgresOptions): TestDatabases {
    const made = new TestDatabases();
    beforeAll(async () => {
      made.#server = await startPostgres(options);
    }, 60_000);
    afterEach(async () => {
      for (const open of made.#open.splice(0)) await open.end();
    });
    afterAll(() => made.#server?.stop());
    return made;
  }

  get server(): Postgres {
    if (this.#server === undefined) throw new Error('PostgreSQL is not started yet');
    return this.#server;
  }

  /** An empty schema. */
  fresh(options?: string): DatabaseAddress {
    return databaseOf(this.server, `round_${++this.#round}`, options);
  }

  /** A store that is not open yet. */
  store(address: DatabaseAddress, options: Partial<PostgresStoreOptions> = {}): PostgresStore {
    const store = new PostgresStore({ address, ...options });
    this.#open.push({ end: () => store.close() });
    return store;
  }

  /** A plain connection to the same schema. */
  async client({ schema }: Pick<DatabaseAddress, 'schema'>): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.server.url, options: `-c search_path=${schema}` });
    client.on('error', () => undefined);
    await client.connect();
    this.#open.push({ end: () => client.end() });
    return client;
  }
}

/** Asks until the answer is true. Throws when that takes longer than half a minute. */
export async function until(ask: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error('it did not come true within 30 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
