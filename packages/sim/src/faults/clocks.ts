import type { Fault } from './Fault.js';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

/** The clock of a device is ten years ahead or behind, for a while or for good. */
export const clockOfAnotherDecade: Fault = {
  name: 'clock of another decade',
  weight: 0.5,
  strike({ world, device, rng }) {
    const by = rng.pick([-TEN_YEARS_MS, TEN_YEARS_MS]);
    device.skewMs += by;
    if (rng.chance(0.5))
      world.during(rng.int(500, 30_000), () => {
        device.skewMs -= by;
      });
  },
};

export const clockJump: Fault = {
  name: 'clock jump',
  weight: 1,
  strike({ device, rng }) {
    device.skewMs += rng.pick([-3_600_000, -45_000, -1000, 1000, 45_000]);
  },
};

export const clockSkew: Fault = {
  name: 'clock skew',
  weight: 1,
  strike({ world, device, rng }) {
    const skewMs = rng.int(-30_000, 30_000);
    device.skewMs += skewMs;
    world.during(rng.int(1000, 30_000), () => {
      device.skewMs -= skewMs;
    });
  },
};

export const clockStop: Fault = {
  name: 'clock stop',
  weight: 1,
  strike({ world, device, rng }) {
    device.stoppedAtMs = device.wallMs(world.trueWallMs());
    world.during(rng.int(500, 20_000), () => {
      device.stoppedAtMs = undefined;
    });
  },
};
