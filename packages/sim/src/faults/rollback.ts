import type { Fault } from './Fault.js';

/** How far the disk is taken back at most, ms; less than the time for which devices keep answered ops. */
const BACK_MS_MAX = 8000;

/** The disk of the server is put back to an older state, as by a restored backup; the server starts on it at once (INC-1). */
export const rollback: Fault = {
  name: 'rollback',
  // Struck in the profile of its own.
  weight: 0,
  strike({ world, rng }) {
    const restore = world.store.backup();
    const lost = world.store.commits;
    world.during(rng.int(200, BACK_MS_MAX), () => {
      world.crashNode();
      if (world.store.commits > lost) world.count('commits rolled back');
      restore(world.trueWallMs());
      world.startNode();
    });
  },
};
