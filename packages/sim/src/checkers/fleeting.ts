import { isOver } from '../workload/fleeting.js';
import type { SimValue } from '../workload/Ledger.js';
import { FLEETING } from '../workload/maps.js';
import type { Checker } from './Checker.js';

/** C10: a record shows exactly until its time is over, on every device, and the server deletes it then; no version outlives the time it was given. */
export const fleeting: Checker = {
  watch(world) {
    /** By version: the time it was given. */
    const given = new Map<string, number | undefined>();
    return {
      committed(batch) {
        for (const { map, key, t, node, value, ttlMs } of batch.slices.flatMap(({ records }) => records)) {
          if (map !== FLEETING || value === undefined) continue;
          const version = JSON.stringify([key, t, node]);
          if (given.has(version) && given.get(version) !== ttlMs)
            world.fail(`C10: fleeting/${key} was given ${given.get(version)} ms and stands for ${ttlMs} ms`);
          given.set(version, ttlMs);
        }
      },
    };
  },
  atEnd(world) {
    const nowMs = world.trueWallMs();
    const records = [...world.store.records.values()].filter(({ map }) => map === FLEETING);
    for (const { key, t, ttlMs, value } of records) {
      const isEnded = isOver(t, ttlMs, nowMs);
      if (isEnded && value !== undefined)
        world.fail(`CLK-6: fleeting/${key} is over and stands on the server's disk`);
      for (const realm of world.realms()) {
        const shown = (realm.engine.get(FLEETING, key) as SimValue | undefined)?.id;
        const expected = isEnded || value === undefined ? undefined : (value as SimValue).id;
        if (isEnded !== undefined && shown !== expected)
          world.fail(`C10: ${realm.device.name} shows ${shown} at fleeting/${key} in place of ${expected}`);
      }
    }
    const root = world.node?.engine.rootOf(FLEETING) ?? 0;
    const keys = new Set(records.map(({ key }) => key));
    for (const { engine, device } of world.realms()) {
      if (engine.liveRoot(FLEETING) !== root)
        world.fail(
          `C1: live root of ${FLEETING} is ${engine.liveRoot(FLEETING)} on ${device.name} and ${root} on the server`,
        );
      for (const [key] of engine.entries(FLEETING))
        if (!keys.has(key))
          world.fail(`C10: ${device.name} shows fleeting/${key}, which the server does not have`);
    }
  },
};
