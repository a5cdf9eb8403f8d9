import type { Fault } from './Fault.js';

/** The device's disk is full for a while: at once, or soon. */
export const diskFull: Fault = {
  name: 'disk full',
  weight: 1,
  canStrike: ({ tab }) => tab !== undefined,
  strike({ world, device, rng }) {
    const { disk } = device;
    disk.rowsMax = rng.pick([0, disk.rows.size, disk.rows.size + 5]);
    world.during(rng.int(500, 20_000), () => {
      disk.rowsMax = Number.POSITIVE_INFINITY;
    });
  },
};
