import { partitionOf } from '@topgun/core';
import type { RepairChange, StoredRecord } from '@topgun/server/engine';
import type { Rng } from '../rng.js';
import type { Stage } from '../Stage.js';
import { RELIC_KEYS, RELICS } from '../workload/maps.js';
import type { Fault } from './Fault.js';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;
const SKEW_MS = 60_000;
/** How often the operator looks whether the repair is done; a server that went down meanwhile has lost the order. */
const LOOK_EVERY_MS = 700;

/**
 * A record or a deletion stamped in ten years comes into the store past the server, as by an import. Some time later an
 * operator repairs it, and again whenever a rollback has brought it back (CLK-7).
 */
export const poisonedRecord: Fault = {
  name: 'poisoned record',
  weight: 0.7,
  strike({ world, rng }) {
    const key = rng.pick(RELIC_KEYS);
    world.crashNode();
    world.store.apply({ slices: [sliceOf(world, key, rng)], meta: [] });
    world.startNode();
    let isDue = false;
    const look = (): void => {
      if (isDue && isPoisoned(world, key)) order(world, key, rng);
      world.scheduler.after(LOOK_EVERY_MS, look);
    };
    look();
    world.during(rng.int(500, 20_000), () => {
      isDue = true;
    });
  },
};

function sliceOf(world: Stage, key: string, rng: Rng) {
  const pid = partitionOf(key);
  const last = world.store.highs.get(pid) ?? { epoch: 1, n: 0 };
  const high = { epoch: last.epoch, n: last.n + 1 };
  const id = world.nextId();
  const record: StoredRecord = {
    map: RELICS,
    key,
    kind: 'LWW',
    value: rng.chance(0.3) ? undefined : { id, rank: 0 },
    t: (world.trueWallMs() + TEN_YEARS_MS) * 2048,
    node: 'import',
    ...high,
    // An import into a running system writes what stands, at the state of its repairs.
    ...repairOf(world, key),
  };
  return { pid, high, records: [record], dedup: [] };
}

function repairOf(world: Stage, key: string): { readonly repaired?: number } {
  const repaired = world.store.get(RELICS, key)?.repaired ?? world.store.gc.get(partitionOf(key))?.repaired;
  return repaired === undefined ? {} : { repaired };
}

const isPoisoned = (world: Stage, key: string): boolean =>
  (world.store.get(RELICS, key)?.t ?? 0) / 2048 > world.trueWallMs() + SKEW_MS;

function order(world: Stage, key: string, rng: Rng): void {
  const id = world.nextId();
  const changes: readonly RepairChange[] = [
    { type: 'keep' },
    { type: 'remove' },
    { type: 'put', value: { id, rank: 1 } },
  ];
  world.node?.repair({ map: RELICS, key, change: rng.pick(changes), by: 'operator' });
}
