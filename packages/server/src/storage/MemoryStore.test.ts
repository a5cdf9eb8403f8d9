import { CommitGate } from './CommitGate.js';
import { describeServerStorage } from './describeServerStorage.js';
import { MemoryStore } from './MemoryStore.js';

describeServerStorage('memory', async () => {
  const gate = new CommitGate();
  const store = new MemoryStore({ gate });
  return { gate, open: async () => ({ store, boot: await store.open() }), dispose: async () => undefined };
});
