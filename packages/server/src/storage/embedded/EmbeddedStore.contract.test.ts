import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommitGate } from '../CommitGate.js';
import { describeServerStorage } from '../describeServerStorage.js';
import { EmbeddedStore } from './EmbeddedStore.js';

// Once as it is, with everything in the log; once with all but nothing in the log, so that reads come from the snapshot.
for (const compactLogBytes of [undefined, 0]) {
  describeServerStorage(
    compactLogBytes === undefined ? 'embedded' : 'embedded, compacting always',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'topgun-store-'));
      const gate = new CommitGate();
      return {
        gate,
        open: async () => {
          const store = new EmbeddedStore({
            folder,
            gate,
            ...(compactLogBytes === undefined ? {} : { compactLogBytes }),
          });
          return { store, boot: await store.open() };
        },
        dispose: () => rm(folder, { recursive: true }),
      };
    },
  );
}
