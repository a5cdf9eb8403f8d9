import type { Stage } from '../Stage.js';
import type { LinkFaults, Side } from '../world/SimNetwork.js';
import { CALM_LINK } from '../world/SimNetwork.js';
import type { Blow, Fault } from './Fault.js';

/** Bad weather of one kind on all links, for a while. */
const weather = (name: string, of: (blow: Blow) => Partial<LinkFaults>): Fault => ({
  name,
  weight: 1,
  strike(blow) {
    const { network } = blow.world;
    const change = of(blow);
    network.faults = { ...network.faults, ...change };
    blow.world.during(blow.rng.int(500, 8000), () => {
      const calm = Object.keys(change).map((key) => [key, CALM_LINK[key as keyof LinkFaults]]);
      network.faults = { ...network.faults, ...(Object.fromEntries(calm) as Partial<LinkFaults>) };
    });
  },
});

export const delay = weather('delay', ({ rng }) => ({ delayMsMax: rng.int(20, 600) }));
export const drop = weather('drop', ({ rng }) => ({ dropP: rng.float() * 0.1 }));
export const duplicate = weather('duplicate', ({ rng }) => ({ duplicateP: rng.float() * 0.2 }));
export const reorder = weather('reorder', ({ rng }) => ({ reorderP: rng.float() * 0.2 }));

/** Answers to ops take another way than changes and come before them, as from a server of several nodes. Struck in a profile of its own. */
export const changesLate: Fault = {
  ...weather('changes late', ({ rng }) => ({ changesLateMs: rng.int(20, 500) })),
  weight: 0,
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

export const offline: Fault = {
  name: 'offline',
  weight: 1,
  strike({ world, device, rng }) {
    device.online = false;
    for (const realm of device.realms) realm.cut(false);
    world.during(rng.int(500, 20_000), () => {
      device.online = true;
    });
  },
};

export const oneWayPartition: Fault = {
  name: 'one-way partition',
  weight: 1,
  strike({ world, device, rng }) {
    device.weather.muted = rng.pick<Side>(['client', 'server']);
    world.during(rng.int(500, 20_000), () => {
      device.weather.muted = undefined;
      endTornLinks(world, device.weather);
    });
  },
};

export const clog: Fault = {
  name: 'clog',
  weight: 1,
  strike({ world, device, rng }) {
    device.weather.bytesPerMs = 0.05 + rng.float() * 2;
    world.during(rng.int(1000, 15_000), () => {
      device.weather.bytesPerMs = Number.POSITIVE_INFINITY;
    });
  },
};

export const corruptThenClose: Fault = {
  name: 'corrupt, then close',
  weight: 1,
  strike({ world, device }) {
    device.weather.corruptsNext = true;
    world.during(10_000, () => {
      device.weather.corruptsNext = false;
    });
  },
};

function endTornLinks(world: Stage, weather: object): void {
  for (const link of [...world.network.links]) if (link.isTorn && link.weather === weather) link.reset();
}
