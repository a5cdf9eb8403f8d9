import type { Fault } from './Fault.js';

/** A device goes out of reach, with answers still on their way to it, and stays away for longer than deletions are remembered. */
export const longAbsence: Fault = {
  name: 'long absence',
  weight: 0,
  strike({ world, device, rng }) {
    world.scheduler.after(rng.int(0, 60), () => {
      device.online = false;
      for (const realm of device.realms) realm.cut(rng.chance(0.5));
    });
    world.during(rng.int(20_000, 90_000), () => {
      device.online = true;
    });
  },
};
