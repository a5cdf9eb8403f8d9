import type { World } from '../World.js';
import type { SimValue, Write } from '../workload/Ledger.js';
import type { Checker } from './Checker.js';
import { heldSet } from './laws/heldSet.js';

/**
 * D1, D9 and C6: what was answered as applied is on disk, or something later replaced it; what was removed stays removed. That holds over
 * rollbacks of the server too, except for an op that the server lost and its maker's own disk with it, or that was refused when it was
 * sent again.
 */
export const nothingLost: Checker = {
  atEnd(world) {
    const { store, ledger } = world;
    const taken = new Set<number>();
    for (const write of ledger.writes) for (const id of write.takes) taken.add(id);
    const onDisk = store.idsOnDisk();
    for (const write of ledger.writes) {
      if (write.outcome !== 'applied' || isExcused(world, write)) continue;
      if (store.outcomeOf(write.realm.session, write.seq) === undefined)
        world.fail(
          `D9: ${write.kind} ${write.map}/${write.key} was answered as applied, and a rollback lost it`,
        );
      const added = write.kind === 'add' ? [write.id] : [];
      const removed = write.kind === 'take' ? write.takes : [];
      const { lost, back } = heldSet({ added, taken, removed }, onDisk);
      for (const id of lost)
        world.fail(`D1: tags/${write.key} lost ${id}, answered as applied and removed by nobody`);
      for (const id of back)
        world.fail(`C6: tags/${write.key} still holds ${id} after its removal was answered`);
      if (write.kind === 'put' || write.kind === 'transaction') checkPut(world, write);
    }
  },
};

function isExcused({ store }: World, { realm, seq }: Write): boolean {
  if (store.rollbacks === 0) return false;
  const now = store.outcomeOf(realm.session, seq);
  return now === undefined ? realm.device.disk.lostOps.has(`${realm.session}:${seq}`) : now.outcome === 3;
}

function checkPut(world: World, write: Write): void {
  const record = world.store.lastOf(write.map, write.key);
  const first = world.store.outcomeOf(write.realm.session, write.seq);
  if (record === undefined || first === undefined) {
    world.fail(`D1: ${write.map}/${write.key} lost ${write.id}, answered as applied`);
    return;
  }
  const own = (record.value as SimValue | undefined)?.id === write.id;
  if (!own && (record.t < first.t || (record.t === first.t && record.node <= first.node)))
    world.fail(`D1: ${write.map}/${write.key} holds an older record than ${write.id}, answered as applied`);
}
