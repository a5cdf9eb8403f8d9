import type { World } from '../World.js';
import type { SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';

/** DEV-7: a rejection is shown exactly once, and what was rejected is nowhere. */
export const rejections: Checker = {
  watch(world) {
    const lastShownBy = new Map<string, SimRealm>();
    return {
      event(realm, event) {
        if (event.type !== 'rejection') return;
        const { id } = event.rejection;
        // A tab that died right after showing it may not have got to say so; one that lives has.
        if (lastShownBy.get(id)?.alive) world.fail(`DEV-7: rejection ${id} was shown twice`);
        lastShownBy.set(id, realm);
      },
    };
  },
  atEnd(world) {
    // Applied, lost by a first restore, refused when it was sent again: a second restore, of a state that held it, rightly brings it back.
    const onDisk = world.store.rollbacks < 2 ? world.store.idsOnDisk() : new Set<number>();
    for (const write of world.ledger.writes) {
      // What the own app took back is no refusal of the server.
      if (write.outcome !== 'rejected' || write.code === 'BACKPRESSURE') continue;
      const what = `${write.kind} ${write.map}/${write.key}`;
      if (write.realm.alive && !isShown(world, write.realm.session, world.ledger.lastSeqOf(write)))
        world.fail(`DEV-7: the rejection of ${what} was never shown`);
      if (['put', 'add', 'transaction'].includes(write.kind) && onDisk.has(write.id))
        world.fail(`DEV-7: ${what} stands, though ${write.id} was answered as rejected`);
    }
  },
};

const isShown = (world: World, session: string, seq: number): boolean =>
  world.ledger.rejectionsShown.has(`${session}:${seq}`);
