import { TopGunClient } from '@topgun/client';
import { partitionOf } from '@topgun/core';
import { PARTITION_COUNT } from '@topgun/protocol';
import { ownStore } from '../../crash/ownStore.js';

/** A client at one node, on a way of its own, that finds out whether all partitions take ops in. */
export class Prober {
  readonly #client: TopGunClient;
  #round = 0;

  constructor(serverUrl: string, token: string) {
    this.#client = new TopGunClient({
      serverUrl,
      token,
      ...ownStore(),
      backoff: { baseMs: 20, capMs: 200 },
    });
  }

  /** Writes to each partition, now; resolves when all of it is on the disk. */
  async allTaken(): Promise<void> {
    const round = ++this.#round;
    const map = this.#client.getMapWriter<{ readonly round: number }>('probes');
    const states = await Promise.all(keys.map((key) => map.set(key, { round }).reached('persisted')));
    const refused = states.find(({ name }) => name === 'rejected');
    if (refused !== undefined) throw new Error(`A probe was refused: ${JSON.stringify(refused)}`);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** One key of each partition. */
const keys: readonly string[] = (() => {
  const found = new Map<number, string>();
  for (let at = 0; found.size < PARTITION_COUNT; at++) {
    const pid = partitionOf(`p${at}`);
    if (!found.has(pid)) found.set(pid, `p${at}`);
  }
  return [...found.values()];
})();
