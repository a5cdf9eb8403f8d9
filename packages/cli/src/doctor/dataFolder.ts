import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Check, reasonOf } from './Check.js';

/** Makes a file, forces it to the disk and removes it again: the three things a store must be able to do. */
export const dataFolder: Check = {
  name: 'Data folder',
  run: async ({ dataDir }) => {
    const probe = join(dataDir, `.doctor-${process.pid}`);
    let made: string | undefined;
    try {
      made = await mkdir(dataDir, { recursive: true });
      const file = await open(probe, 'wx');
      await file.writeFile('topgun');
      await file.sync();
      await file.close();
      await rm(probe);
      return { level: 'ok', detail: `${dataDir} can be written` };
    } catch (error) {
      return {
        level: 'fail',
        detail: reasonOf(error),
        remedy: `Give this user write access to ${dirname(dataDir)}, or use --data-dir.`,
      };
    } finally {
      // Leave the machine as it was: a folder that only this check made goes again.
      if (made !== undefined) await rm(made, { recursive: true, force: true });
    }
  },
};
