import { type ClusterBlow, clusterFault } from './clusterFault.js';

const other = ({ world, place, rng }: ClusterBlow): string =>
  rng.pick(world.cluster.places.filter(({ name }) => name !== place.name)).name;

/** Nothing gets through between two nodes; clients and database reach both. */
export const linkCut = clusterFault({
  name: 'link cut',
  strike(blow) {
    const { world, place, rng } = blow;
    const there = other(blow);
    const ends = [world.hub.block(place.name, there), world.hub.block(there, place.name)];
    world.during(rng.int(100, 15_000), () => {
      for (const end of ends) end();
    });
  },
});

export const linkOneWay = clusterFault({
  name: 'link one-way',
  strike(blow) {
    const { world, place, rng } = blow;
    world.during(rng.int(100, 15_000), world.hub.block(place.name, other(blow)));
  },
});

export const linkReset = clusterFault({
  name: 'link reset',
  strike(blow) {
    blow.world.hub.reset(blow.place.name, other(blow));
  },
});

export const linksSlow = clusterFault({
  name: 'links slow',
  strike({ world, rng }) {
    world.hub.delayMsMax = rng.int(20, 1_500);
    world.during(rng.int(500, 8_000), () => world.hub.heal());
  },
});

/** A node that no other reaches. */
export const nodeSplitOff = clusterFault({
  name: 'node split off',
  strike({ world, place, rng }) {
    const ends = world.cluster.places
      .filter(({ name }) => name !== place.name)
      .flatMap(({ name }) => [world.hub.block(place.name, name), world.hub.block(name, place.name)]);
    world.during(rng.int(500, 15_000), () => {
      for (const end of ends) end();
    });
  },
});
