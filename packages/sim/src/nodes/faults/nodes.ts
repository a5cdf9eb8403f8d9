import { type ClusterBlow, clusterFault, holdDown } from './clusterFault.js';

const isUp = ({ place }: ClusterBlow): boolean => place.member !== undefined;

/** SIGKILL; mostly it comes back before its lease has run out, or long after. */
export const nodeKilled = clusterFault({
  name: 'node killed',
  canStrike: isUp,
  strike(blow) {
    blow.world.cluster.kill(blow.place);
    holdDown(blow, blow.rng.int(0, blow.rng.chance(0.5) ? 3_000 : 25_000));
  },
});

export const allNodesKilled = clusterFault({
  name: 'all nodes killed',
  strike(blow) {
    for (const place of blow.world.cluster.places) {
      blow.world.cluster.kill(place);
      holdDown({ ...blow, place }, blow.rng.int(0, 6_000));
    }
  },
});

/** SIGSTOP, a long collection of garbage, a laptop that sleeps. */
export const nodePaused = clusterFault({
  name: 'node paused',
  canStrike: ({ place }) => place.member !== undefined && !place.member.process.isPaused,
  strike({ world, place, rng }) {
    const process = place.member?.process;
    process?.pause();
    world.during(rng.int(50, rng.chance(0.5) ? 4_000 : 20_000), () => process?.wake());
  },
});

/** SIGTERM, and started again some time later: what a rolling upgrade does to each node. */
export const nodeStopped = clusterFault({
  name: 'node stopped',
  canStrike: ({ place }) => place.member?.isServing === true,
  strike(blow) {
    blow.place.member?.stop();
    holdDown(blow, blow.rng.int(1_000, 20_000));
  },
});

/** An operator has it give its partitions away, and it goes on serving clients. */
export const nodeDrained = clusterFault({
  name: 'node drained by order',
  canStrike: ({ place }) => place.member?.isServing === true,
  strike(blow) {
    const { world, place, rng } = blow;
    const { member } = place;
    member?.drainByOrder();
    world.during(rng.int(2_000, 15_000), () => {
      if (place.member === member) world.cluster.kill(place);
      world.cluster.start(place);
    });
  },
});

export const nodeClock = clusterFault({
  name: 'clock of a node wrong',
  strike({ world, place, rng }) {
    const by = rng.int(-15_000, 15_000);
    place.skewMs += by;
    world.during(rng.int(500, 20_000), () => {
      place.skewMs -= by;
    });
  },
});

/** Somebody's balancer sends the device elsewhere, or the app picks another node. */
export const deviceMoves = clusterFault({
  name: 'device moves',
  strike({ world, device, place }) {
    world.cluster.move(device, place);
    for (const tab of device.realms) tab.cut(false);
  },
});
