import type { Fault } from './Fault.js';

/** Tokens end while they are on their way, or soon after; the app hands out a new one that ends as soon. */
export const tokenExpiry: Fault = {
  name: 'token expiry',
  weight: 1,
  strike({ world, device, tab, rng }) {
    device.tokenLifeMs = rng.int(5, 3000);
    tab?.renewToken();
    world.during(rng.int(1000, 10_000), () => {
      device.tokenLifeMs = Number.POSITIVE_INFINITY;
      for (const realm of device.realms) realm.renewToken();
    });
  },
};
