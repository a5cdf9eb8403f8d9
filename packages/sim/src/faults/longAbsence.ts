import type { Fault } from './Fault.js';

/** A device goes out of reach, with answers still on their way to it, and stays away for longer than deletions are remembered. */
export const longAbsence: Fault = {
  name: 'long absence',
  weight: 0,
  strike({ world, device, rng }) {
    let isOver = false;
    world.scheduler.after(rng.int(0, 60), () => {
      // The world has healed meanwhile: nobody would bring it back.
      if (isOver) return;
      device.online = false;
      for (const realm of device.realms) realm.cut(rng.chance(0.5));
    });
    world.during(rng.int(20_000, 90_000), () => {
      isOver = true;
      device.online = true;
    });
  },
};
