import type { Fault } from './Fault.js';

export const deviceCrash: Fault = {
  name: 'device crash',
  weight: 1,
  strike({ world, device, rng }) {
    const tabs = world.crashDevice(device, rng.int(0, device.disk.recentCommits));
    world.during(rng.int(0, 3000), () => {
      for (let i = 0; i < tabs; i++) world.openTab(device);
    });
  },
};

/** The device's store is full for a while: at once, or soon. */
export const quota: Fault = {
  name: 'device quota',
  weight: 1,
  strike({ world, device, rng }) {
    const { disk } = device;
    disk.rowsMax = rng.pick([0, disk.rows.size, disk.rows.size + 5]);
    world.during(rng.int(200, 20_000), () => {
      disk.rowsMax = Number.POSITIVE_INFINITY;
    });
  },
};

/** The platform throws the store away, under open tabs or while the app is closed. */
export const eviction: Fault = {
  name: 'device store evicted',
  weight: 1,
  strike({ world, device, rng }) {
    if (rng.chance(0.5)) {
      device.disk.evict();
      for (const realm of device.realms) realm.loseStore('evicted');
      return;
    }
    const tabs = world.crashDevice(device, 0);
    device.disk.evict();
    world.during(rng.int(0, 3000), () => {
      for (let i = 0; i < tabs; i++) world.openTab(device);
    });
  },
};

export const storeConnectionLost: Fault = {
  name: 'device store connection lost',
  weight: 1,
  canStrike: ({ tab }) => tab !== undefined,
  strike: ({ tab }) => tab?.loseStore('the connection was closed'),
};
