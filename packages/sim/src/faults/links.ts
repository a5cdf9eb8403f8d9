import { CALM_LINK } from '../world/SimNetwork.js';
import type { Fault } from './Fault.js';

export const linkStorm: Fault = {
  name: 'link storm',
  weight: 1,
  strike({ world, rng }) {
    const { network } = world;
    network.faults = {
      delayMsMax: rng.int(5, 400),
      dropP: rng.float() * 0.1,
      duplicateP: rng.float() * 0.1,
      reorderP: rng.float() * 0.1,
    };
    world.during(rng.int(500, 8000), () => {
      network.faults = CALM_LINK;
    });
  },
};

export const reset: Fault = {
  name: 'reset',
  weight: 1,
  strike({ device }) {
    for (const realm of device.realms) realm.cut(false);
  },
};

export const halfOpen: Fault = {
  name: 'half-open',
  weight: 1,
  strike({ device }) {
    for (const realm of device.realms) realm.cut(true);
  },
};

export const deviceOffline: Fault = {
  name: 'device offline',
  weight: 1,
  strike({ world, device, rng }) {
    device.online = false;
    for (const realm of device.realms) realm.cut(false);
    world.during(rng.int(500, 20_000), () => {
      device.online = true;
    });
  },
};
