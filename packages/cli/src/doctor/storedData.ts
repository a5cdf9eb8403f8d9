import { readIncarnation } from '@topgun/server';
import { type Check, reasonOf, systemCodeOf } from './Check.js';

/** Names the life of the data in the folder: after a restore or in a copied folder it is another one than before. */
export const storedData: Check = {
  name: 'Stored data',
  run: async ({ dataDir }) => {
    try {
      const incarnation = await readIncarnation(dataDir);
      if (incarnation === undefined) return { level: 'ok', detail: 'none yet' };
      return { level: 'ok', detail: `incarnation ${incarnation}` };
    } catch (error) {
      // A server that runs is no fault, but nobody else can look into its data meanwhile.
      if (systemCodeOf(error) === 'STORE_LOCKED') return { level: 'ok', detail: reasonOf(error) };
      return {
        level: 'fail',
        detail: reasonOf(error),
        remedy: 'Restore the last backup: topgun restore <folder> --data-dir <path>.',
      };
    }
  },
};
