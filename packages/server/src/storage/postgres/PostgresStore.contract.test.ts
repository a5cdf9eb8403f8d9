import { CommitGate } from '../CommitGate.js';
import { describeServerStorage } from '../describeServerStorage.js';
import { TestDatabases } from './testing/testDatabases.js';

const databases = TestDatabases.use();

describeServerStorage('postgres', async () => {
  const address = databases.fresh();
  const gate = new CommitGate();
  return {
    gate,
    open: async () => {
      const store = databases.store(address, { gate });
      return { store, boot: await store.open() };
    },
    dispose: () => Promise.resolve(),
  };
});
