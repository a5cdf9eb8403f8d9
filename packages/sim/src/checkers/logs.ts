import type { Checker } from './Checker.js';

/** B1: nothing that a device logged is left behind on its disk. */
export const logs: Checker = {
  atEnd(world) {
    for (const device of world.devices) {
      const left = device.disk.entries(['op']);
      if (left.length > 0)
        world.fail(
          `B1: ${device.name} has ${left.length} ops in its log that nobody sends, the first is ${JSON.stringify(left[0])}`,
        );
    }
  },
};
