import type { Fault } from './Fault.js';

export const tabCrash: Fault = {
  name: 'tab crash',
  weight: 1,
  canStrike: ({ tab }) => tab !== undefined,
  strike({ world, device, tab, rng }) {
    tab?.kill();
    world.during(rng.int(0, 3000), () => world.openTab(device));
  },
};

export const deviceCrash: Fault = {
  name: 'device crash',
  weight: 1,
  strike({ world, device, rng }) {
    const tabs = device.realms.length;
    for (const realm of [...device.realms]) realm.kill();
    const lost = device.disk.crash(rng.int(0, device.disk.recentCommits));
    if (lost > 0) world.count('relaxed commits lost');
    world.during(rng.int(0, 3000), () => {
      for (let i = 0; i < tabs; i++) world.openTab(device);
    });
  },
};

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
