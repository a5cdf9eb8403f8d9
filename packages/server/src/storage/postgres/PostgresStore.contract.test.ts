import { afterAll, beforeAll, describe } from 'vitest';
import { CommitGate } from '../CommitGate.js';
import { describeServerStorage } from '../describeServerStorage.js';
import { databaseOf } from './testing/testDatabases.js';
import { PostgresStore } from './PostgresStore.js';
import { type Postgres, startPostgres } from './testing/startPostgres.js';

describe('a real PostgreSQL', () => {
  let server: Postgres;
  let round = 0;

  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  describeServerStorage('postgres', async () => {
    // A schema of its own is a database of its own.
    const address = databaseOf(server, `round_${++round}`);
    const gate = new CommitGate();
    return {
      gate,
      open: async () => {
        const store = new PostgresStore({ address, gate });
        return { store, boot: await store.open() };
      },
      dispose: () => Promise.resolve(),
    };
  });
});
