import type { SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';

/** SRV-9: until the server's disk has an op, its writer's log has it, whatever the writer was told before. */
export const levels: Checker = {
  watch: (world) => ({
    event(realm, event) {
      if (event.type !== 'reached' || realm.engine.reach(event.seq) !== undefined) return;
      if (world.store.outcomeOf(realm.session, event.seq) !== undefined) return;
      world.fail(
        `SRV-9: op ${event.seq} of ${realm.session} is neither in the log of ${realm.device.name} nor in a commit, after level ${event.reach}`,
      );
    },
  }),
};

/** DEV-6, TX-2: a write that another one replaced, or that was dropped, was never sent: the server knows nothing of it. */
export const neverSent: Checker = {
  watch(world) {
    const gone: (readonly [realm: SimRealm, seq: number])[] = [];
    return {
      event(realm, event) {
        if (event.type !== 'settled') return;
        if (event.by !== undefined || event.code === 'BACKPRESSURE') gone.push([realm, event.seq]);
      },
      look() {
        for (const [realm, seq] of gone) {
          // The end of a tab may undo what its log had not committed.
          const stored = world.store.outcomeOf(realm.session, seq);
          // A stale write goes on under another id, or a later one has taken its place (GC-3).
          if (!realm.alive || stored === undefined || stored.code === 'STALE_OP') continue;
          world.fail(`DEV-6: op ${seq} of ${realm.session} was replaced or dropped, and the server has it`);
        }
      },
    };
  },
};
