import { PARTITION_COUNT } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jumpHash } from './jumpHash.js';
import { type Place, placePartitions } from './placePartitions.js';

const nowhere: readonly Place[] = new Array<Place>(PARTITION_COUNT).fill('nowhere');

const placed = (places: readonly Place[], moved: ReadonlyMap<number, number>): number[] =>
  places.map((place, pid) => {
    const to = moved.get(pid) ?? place;
    if (typeof to !== 'number') throw new Error(`partition ${pid} is ${to}`);
    return to;
  });

const countsOf = (places: readonly number[], nodes: number): number[] =>
  Array.from({ length: nodes }, (_, node) => places.filter((place) => place === node).length);

const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);

/** Names of nodes that come and go, each with the slot it has meanwhile, as the database numbers them. */
class Cluster {
  slots: string[] = [];
  owners: (string | undefined)[] = new Array(PARTITION_COUNT).fill(undefined);
  #names = 0;

  join(): number {
    this.slots.push(`n${this.#names++}`);
    return this.#place();
  }

  leave(slot: number): number {
    const gone = this.slots[slot];
    const highest = this.slots.pop();
    if (slot < this.slots.length && highest !== undefined) this.slots[slot] = highest;
    this.owners = this.owners.map((owner) => (owner === gone ? undefined : owner));
    return this.#place();
  }

  counts(): number[] {
    return this.slots.map((name) => this.owners.filter((owner) => owner === name).length);
  }

  #place(): number {
    const places = this.owners.map(
      (owner): Place => (owner === undefined ? 'nowhere' : this.slots.indexOf(owner)),
    );
    const moved = placePartitions(places, this.slots.length);
    for (const [pid, node] of moved) this.owners[pid] = this.slots[node];
    return moved.size;
  }
}

describe('jumpHash', () => {
  it('[CLU-11] with one bucket more only those keys move that move to it', () => {
    for (let buckets = 1; buckets < 40; buckets++) {
      let moved = 0;
      for (let key = 0; key < 2_000; key++) {
        const before = jumpHash(key * 7_919, buckets);
        const now = jumpHash(key * 7_919, buckets + 1);
        if (before >= buckets || (now !== before && now !== buckets)) expect.fail(`${key} of ${buckets}`);
        if (now !== before) moved++;
      }
      expect(moved).toBeGreaterThan(1_000 / (buckets + 1));
      expect(moved).toBeLessThan(4_000 / (buckets + 1));
    }
  });
});

describe('placePartitions', () => {
  it('[CLU-11] gives each node its share, to within one, wherever the partitions were, and moves no more than that takes', () => {
    const cases = fc.integer({ min: 1, max: 12 }).chain((nodes) => {
      const place = fc.oneof(
        fc.nat({ max: nodes - 1 }),
        fc.nat({ max: nodes - 1 }),
        fc.constant('nowhere' as const),
      );
      return fc.tuple(
        fc.constant(nodes),
        fc.array(place, { minLength: PARTITION_COUNT, maxLength: PARTITION_COUNT }),
      );
    });
    fc.assert(
      fc.property(cases, ([nodes, places]) => {
        const moved = placePartitions(places, nodes);
        expect(spread(countsOf(placed(places, moved), nodes))).toBeLessThanOrEqual(1);
        const share = PARTITION_COUNT / nodes;
        const counts = Array.from(
          { length: nodes },
          (_, node) => places.filter((place) => place === node).length,
        );
        const homeless = places.filter((place) => place === 'nowhere').length;
        const tooMany = counts.reduce((sum, count) => sum + Math.max(0, count - Math.floor(share)), 0);
        expect(moved.size).toBeLessThanOrEqual(homeless + tooMany);
        for (const [pid, node] of moved) expect(places[pid]).not.toBe(node);
      }),
      { numRuns: 200 },
    );
  });

  it('[CLU-11] whoever joins or leaves moves no more than a share and one, in whatever order they come and go', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat()), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(steps, (list) => {
        const cluster = new Cluster();
        expect(cluster.join()).toBe(PARTITION_COUNT);
        for (const [joins, which] of list) {
          const before = cluster.slots.length;
          if (joins || before === 1) {
            if (before === 20) continue;
            expect(cluster.join()).toBeLessThanOrEqual(Math.ceil(PARTITION_COUNT / (before + 1)) + 1);
          } else
            expect(cluster.leave(which % before)).toBeLessThanOrEqual(
              Math.ceil(PARTITION_COUNT / before) + 1,
            );
          expect(spread(cluster.counts())).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('[CLU-11] a placing that is right stays, and is the same wherever it is worked out', () => {
    for (let nodes = 1; nodes < 12; nodes++) {
      const first = placed(nowhere, placePartitions(nowhere, nodes));
      expect(placePartitions(first, nodes).size).toBe(0);
      expect(placed(nowhere, placePartitions(nowhere, nodes))).toEqual(first);
    }
  });

  it('[CLU-11] most of what moves goes where jump hashing has it', () => {
    const moved = placePartitions(nowhere, 3);
    const fourth = placePartitions(placed(nowhere, moved), 4);
    expect([...fourth.values()].every((node) => node === 3)).toBe(true);
    const ideal = [...moved].filter(([pid, node]) => placePartitions(nowhere, 4).get(pid) === node).length;
    expect(ideal).toBeGreaterThan(150);
  });

  it('[CLU-12] what is out of reach stays where it is, and counts for nobody', () => {
    const places = nowhere.map((_, pid): Place => (pid < 90 ? 'out of reach' : pid % 2));
    const moved = placePartitions(places, 2);
    expect([...moved.keys()].every((pid) => pid >= 90)).toBe(true);
    expect(moved.size).toBeLessThanOrEqual(1);
  });
});
