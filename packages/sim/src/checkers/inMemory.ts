import { CURSORS } from '../workload/maps.js';
import type { Checker } from './Checker.js';

/** SRV-10: nothing of a volatile map is ever stored, and every device ends with what the memory of the server holds. */
export const inMemory: Checker = {
  watch(world) {
    return {
      committed(batch) {
        for (const { records } of batch.slices)
          for (const { map, key } of records)
            if (map === CURSORS && world.isVolatile(CURSORS)) world.fail(`SRV-10: ${map}/${key} was stored`);
      },
    };
  },
  atEnd(world) {
    const root = world.node?.engine.rootOf(CURSORS) ?? 0;
    for (const { engine, device } of world.realms())
      if (engine.liveRoot(CURSORS) !== root)
        world.fail(
          `SRV-10: live root of ${CURSORS} is ${engine.liveRoot(CURSORS)} on ${device.name} and ${root} on the server`,
        );
  },
};
