import { LOW_RANKS_ONLY, NO_TODO_WRITES, OPEN_POLICIES } from '../world/policies.js';
import { CALM_FLUSH } from '../world/SimNode.js';
import type { Fault } from './Fault.js';

export const serverCrash: Fault = {
  name: 'server crash',
  weight: 1,
  canStrike: ({ world }) => world.node !== undefined,
  strike({ world, rng }) {
    world.crashNode();
    world.during(rng.int(0, 5000), () => world.startNode());
  },
};

export const flushTrouble: Fault = {
  name: 'flush trouble',
  weight: 1,
  canStrike: ({ world }) => world.node !== undefined,
  strike({ world, rng }) {
    const { node } = world;
    if (node === undefined) return;
    node.flush = {
      delayMsMax: rng.int(4, 300),
      failP: rng.float() * 0.5,
      unknownP: rng.float() * 0.3,
    };
    world.during(rng.int(200, 5000), () => {
      node.flush = CALM_FLUSH;
    });
  },
};

export const policyChange: Fault = {
  name: 'policy change',
  weight: 1,
  strike({ world, rng }) {
    world.setPolicies(rng.pick([OPEN_POLICIES, NO_TODO_WRITES, LOW_RANKS_ONLY]));
    world.during(rng.int(500, 10_000), () => world.setPolicies(OPEN_POLICIES));
  },
};
