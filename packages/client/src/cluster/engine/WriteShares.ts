import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import { CLUSTER_LIMITS } from '@topgun/protocol/cluster';

/** Which partitions a client writes to: of the last few hundred keys that were looked at, older ones counting less. */
export class WriteShares {
  readonly #counts = new Float64Array(PARTITION_COUNT);
  #total = 0;
  #sinceHalved = 0;

  add(keys: readonly string[]): void {
    for (const key of keys) {
      this.#counts[partitionOf(key)]! += 1;
      this.#total++;
      if (++this.#sinceHalved < CLUSTER_LIMITS.writeSamples) continue;
      this.#sinceHalved = 0;
      this.#total /= 2;
      for (let pid = 0; pid < PARTITION_COUNT; pid++) this.#counts[pid]! /= 2;
    }
  }

  /** Whether there were enough of them to go by. */
  get isTelling(): boolean {
    return this.#total >= CLUSTER_LIMITS.writeSamples / 2;
  }

  /** The share of each owner, from 0 to 1, by what `owners` says of each partition. */
  byOwner(owners: readonly number[]): ReadonlyMap<number, number> {
    const shares = new Map<number, number>();
    if (this.#total === 0) return shares;
    owners.forEach((owner, pid) => {
      const count = this.#counts[pid] ?? 0;
      if (count > 0) shares.set(owner, (shares.get(owner) ?? 0) + count / this.#total);
    });
    return shares;
  }
}
