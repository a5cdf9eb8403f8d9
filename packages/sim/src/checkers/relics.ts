import type { SimValue } from '../workload/Ledger.js';
import { RELICS } from '../workload/maps.js';
import type { Checker } from './Checker.js';

/**
 * T5: a record from the future is repaired, on every device, and from then on the latest write stands: what the server
 * decides is what its disk keeps, whatever lies there from before.
 */
export const relics: Checker = {
  watch: (world) => ({
    committed(batch) {
      for (const { records } of batch.slices)
        for (const { map, key, t, node } of records) {
          if (map !== RELICS) continue;
          const kept = world.store.get(map, key);
          if (kept !== undefined && (kept.t !== t || kept.node !== node))
            world.fail(`T5: a commit of relics/${key} at ${t} left ${kept.t} standing on the disk`);
        }
    },
  }),
  atEnd(world) {
    const onDisk = new Map<string, number>();
    for (const { map, key, value } of world.store.records.values())
      if (map === RELICS && value !== undefined) onDisk.set(key, (value as SimValue).id);
    const root = world.node?.engine.rootOf(RELICS) ?? 0;
    for (const { engine, device } of world.realms()) {
      for (const key of new Set([...onDisk.keys(), ...engine.entries(RELICS).map(([key]) => key)])) {
        const shown = (engine.get(RELICS, key) as SimValue | undefined)?.id;
        if (shown !== onDisk.get(key))
          world.fail(`T5: ${device.name} shows ${shown} at relics/${key}, the disk holds ${onDisk.get(key)}`);
      }
      if (engine.liveRoot(RELICS) !== root)
        world.fail(`C1: ${device.name} and the server have different live roots of ${RELICS}`);
    }
  },
};
