import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedStore } from '@topgun/server';
import { type Check, reasonOf } from './Check.js';

/** Writes to a store of its own, closes it, and reads it back: shows that lmdb's prebuilt program runs here. */
export const embeddedStore: Check = {
  name: 'Embedded store',
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-doctor-'));
    try {
      const first = new EmbeddedStore({ folder });
      await first.open();
      const result = await first.commit({ slices: [], meta: [{ name: 'doctor', value: 'well' }] });
      await first.close();
      const second = new EmbeddedStore({ folder });
      const { meta } = await second.open();
      await second.close();
      if (result === 'committed' && meta.get('doctor') === 'well') {
        return { level: 'ok', detail: 'writes, and reads back after closing' };
      }
      return {
        level: 'fail',
        detail: `a write ended "${result}" and was not read back`,
        remedy: 'Check the disk.',
      };
    } catch (error) {
      return {
        level: 'fail',
        detail: reasonOf(error),
        remedy: 'Install the packages again on this machine: lmdb brings a program for each kind of system.',
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
