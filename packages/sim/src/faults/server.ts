import { LOW_RANKS_ONLY, NO_TODO_WRITES, OPEN_POLICIES } from '../world/policies.js';
import type { FlushFaults } from '../world/SimNode.js';
import { CALM_FLUSH } from '../world/SimNode.js';
import type { Blow, Fault } from './Fault.js';

export const serverCrash: Fault = {
  name: 'server crash',
  weight: 1,
  canStrike: ({ world }) => world.node !== undefined,
  strike({ world, rng }) {
    world.crashNode();
    world.during(rng.int(0, 5000), () => world.startNode());
  },
};

/** The disk of the server misbehaves in one way for a while. A server that starts meanwhile meets a sound disk. */
const flushing = (name: string, of: (blow: Blow) => Partial<FlushFaults>): Fault => ({
  name,
  weight: 1,
  canStrike: ({ world }) => world.node !== undefined,
  strike(blow) {
    const { node } = blow.world;
    if (node === undefined) return;
    const change = of(blow);
    node.flush = { ...node.flush, ...change };
    blow.world.during(blow.rng.int(200, 6000), () => {
      const calm = Object.keys(change).map((key) => [key, CALM_FLUSH[key as keyof FlushFaults]]);
      node.flush = { ...node.flush, ...(Object.fromEntries(calm) as Partial<FlushFaults>) };
    });
  },
});

export const flushFails = flushing('flush fails', ({ rng }) => ({ failP: rng.float() * 0.6 }));
export const commitUnknown = flushing('commit unknown', ({ rng }) => ({ unknownP: rng.float() * 0.5 }));
export const slowFsync = flushing('slow fsync', ({ rng }) => ({ delayMsMax: rng.int(50, 3000) }));
export const storeReadOnly = flushing('store full or read-only', () => ({ failP: 1 }));

export const cutAfterCommit: Fault = {
  name: 'reset between commit and answer',
  weight: 1,
  canStrike: ({ world }) => world.node !== undefined,
  strike({ world }) {
    if (world.node !== undefined) world.node.cutsAfterCommit = true;
  },
};

export const policyChange: Fault = {
  name: 'policy change',
  weight: 1,
  strike({ world, rng }) {
    world.setPolicies(rng.pick([NO_TODO_WRITES, LOW_RANKS_ONLY]));
    world.during(rng.int(500, 10_000), () => world.setPolicies(OPEN_POLICIES));
  },
};
