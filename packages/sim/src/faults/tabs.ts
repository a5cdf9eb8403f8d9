import type { Fault } from './Fault.js';

export const tabKill: Fault = {
  name: 'tab kill',
  weight: 1,
  canStrike: ({ tab }) => tab !== undefined,
  strike({ world, device, tab, rng }) {
    if (tab !== undefined) world.killTab(tab);
    world.during(rng.int(0, 3000), () => world.openTab(device));
  },
};

export const tabKillWhileShowing: Fault = {
  name: 'tab kill while it shows a rejection',
  weight: 0.5,
  strike({ world, device }) {
    device.diesShowing = true;
    world.during(30_000, () => {
      device.diesShowing = false;
    });
  },
};

export const tabFreeze: Fault = {
  name: 'tab freeze',
  weight: 1,
  canStrike: ({ tab }) => tab !== undefined && !tab.isFrozen,
  strike({ world, tab, rng }) {
    tab?.freeze();
    world.during(rng.int(200, 15_000), () => tab?.thaw());
  },
};

/** Somebody opens the app once more, and closes it again some time later. */
export const anotherTab: Fault = {
  name: 'another tab',
  weight: 0.5,
  canStrike: ({ device }) => device.realms.length < 4,
  strike({ world, device, rng }) {
    const tab = world.openTab(device);
    world.during(rng.int(500, 10_000), () => {
      if (device.realms.length > 1 && tab.alive) world.killTab(tab);
    });
  },
};
