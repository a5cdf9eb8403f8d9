import { CALM_DATABASE, type DatabaseFaults } from '../SimDatabase.js';
import { type ClusterBlow, clusterFault } from './clusterFault.js';

const misbehaving = (name: string, ms: number, of: (blow: ClusterBlow) => Partial<DatabaseFaults>) =>
  clusterFault({
    name,
    strike(blow) {
      const { world, rng } = blow;
      const { database } = world;
      const change = of(blow);
      database.faults = { ...database.faults, ...change };
      world.during(rng.int(100, ms), () => {
        const calm = Object.keys(change).map((key) => [key, CALM_DATABASE[key as keyof DatabaseFaults]]);
        database.faults = { ...database.faults, ...(Object.fromEntries(calm) as Partial<DatabaseFaults>) };
      });
    },
  });

export const databaseDown = misbehaving('database unreachable', 15_000, () => ({ isDown: true }));
export const answersLost = misbehaving('database answers lost', 6_000, ({ rng }) => ({
  lostP: rng.float() * 0.5,
}));
export const commitsFail = misbehaving('database commits fail', 6_000, ({ rng }) => ({
  failP: rng.float() * 0.6,
}));
/** Commits that take longer than a lease lives. */
export const commitsSlow = misbehaving('database commits slow', 8_000, ({ rng }) => ({
  commitMsMax: rng.int(50, 14_000),
}));

export const nodeOffDatabase = clusterFault({
  name: 'database unreachable for a node',
  strike({ world, place, rng }) {
    const { cutOff } = world.database;
    cutOff.add(place.name);
    world.during(rng.int(100, 20_000), () => cutOff.delete(place.name));
  },
});

/** What a node asks of the database is on its way for so long that the node has given it up: on all of its connections, or on some. */
export const requestsLate = clusterFault({
  name: 'database asked late by a node',
  strike({ world, place, rng }) {
    const { late } = world.database;
    if (late.has(place.name)) return;
    const held: (() => void)[] = [];
    late.set(place.name, { held, share: rng.chance(0.5) ? 1 : rng.float() });
    world.during(rng.int(1_000, 20_000), () => {
      late.delete(place.name);
      for (const arrive of held) arrive();
    });
  },
});

/** A standby that lacks the last moments takes the place of the server (INC-1). */
export const failover = clusterFault({
  name: 'database failover',
  strike({ world, rng }) {
    const promote = world.database.backup();
    world.during(rng.int(0, 5_000), () => promote(world.trueWallMs()));
  },
});
