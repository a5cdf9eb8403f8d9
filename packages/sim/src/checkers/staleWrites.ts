import type { World } from '../World.js';
import type { SimValue } from '../workload/Ledger.js';
import type { Device } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';

/**
 * GC-3: what a device wrote anew is not lost: it was committed under another id, or it waits on the device for the app.
 * Where rights never changed, nothing is denied.
 */
export const staleWrites: Checker = {
  atEnd(world) {
    const parked = new Map(world.devices.map((device) => [device, parkedOn(device)]));
    const taken = new Set(world.ledger.writes.flatMap(({ takes }) => takes));
    for (const { kind, map, key, id, outcome, code, realm } of world.ledger.writes) {
      const isParked = parked.get(realm.device)?.has(id);
      if (code === 'STALE_OP' && kind === 'put' && !isParked)
        world.fail(`GC-3: ${map}/${key} lost ${id}, which was stale and waits nowhere`);
      if (code === 'STALE_OP' && kind === 'add')
        world.fail(`GC-3: the new element ${id} of ${map}/${key} was refused and not made again`);
      // Rights that change may refuse it, also under its new id.
      if (hadOtherRights(world)) continue;
      if (code === 'DENIED')
        world.fail(`G1: ${kind} of ${id} at ${map}/${key} was refused, though all is allowed`);
      if (outcome === 'superseded' && kind === 'add' && !world.store.values.has(id) && !taken.has(id))
        world.fail(`G1: ${map}/${key} lost the new element ${id}, which was said to be made again`);
    }
  },
};

const hadOtherRights = (world: World): boolean => world.counts.has('fault policy change');

/** Ids of the values in the list of stale writes. */
function parkedOn(device: Device): ReadonlySet<number> {
  const waiting = device.disk.entries(['reject']) as readonly (readonly [
    unknown,
    { readonly payload: SimValue },
  ])[];
  return new Set(waiting.map(([, { payload }]) => payload?.id));
}
