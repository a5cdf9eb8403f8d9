import { describeClientStorage } from '@topgun/client/testing';
import { partitionOf } from '@topgun/core';
import type {
  CommitBatch,
  CommitResult,
  DedupRow,
  DedupState,
  Offset,
  Store,
  StoreBoot,
  StoredRecord,
} from '@topgun/server';
import { compareOffsets } from '@topgun/server';
import { CommitGate, describeServerStorage } from '@topgun/server/testing';
import { SimStorage } from '../src/app/SimStorage.js';
import { SimDisk } from '../src/world/SimDisk.js';
import { SimStore } from '../src/world/SimStore.js';

// [SIM-19] What stands in for a device's storage and a server's store keeps the contract of what it stands in for.

const disks = new Map<string, SimDisk>();

describeClientStorage(
  'the simulated disk of a device',
  () =>
    new SimStorage({
      disk(name) {
        const disk = disks.get(name) ?? new SimDisk();
        disks.set(name, disk);
        return disk;
      },
      nowMs: () => 0,
      later: (work) => queueMicrotask(() => work()()),
    }),
);

/** The simulated disk behind the interface of a store. The simulated node drives it without: it decides itself when a flush ends. */
class StoreOnSimDisk implements Store {
  readonly #disk: SimStore;
  readonly #gate: CommitGate;

  constructor(disk: SimStore, gate: CommitGate) {
    this.#disk = disk;
    this.#gate = gate;
  }

  async open(): Promise<StoreBoot> {
    return this.#disk.boot();
  }

  async commit(batch: CommitBatch): Promise<CommitResult> {
    const fault = this.#gate.takeFault();
    if (fault === 'failed') return 'failed';
    await this.#gate.flushed();
    this.#disk.apply(batch);
    return fault ?? 'committed';
  }

  async read(map: string, key: string, tag?: string): Promise<StoredRecord | undefined> {
    return this.#disk.get(map, key, tag);
  }

  async scan(pid: number, visit: (record: StoredRecord) => void): Promise<void> {
    for (const record of this.#recordsOf(pid)) visit(record);
  }

  async changesSince(pid: number, after: Offset, limit: number): Promise<readonly StoredRecord[]> {
    const later = this.#recordsOf(pid).filter((record) => compareOffsets(record, after) > 0);
    later.sort(compareOffsets);
    const last = later[Math.min(limit, later.length) - 1];
    return later.filter((record) => last !== undefined && compareOffsets(record, last) <= 0);
  }

  async readDedup(pid: number, clientId: string, session: string): Promise<DedupState | undefined> {
    const row = this.#disk.readDedup(pid, clientId, session);
    return row && { settledBelow: row.settledBelow, entries: row.entries };
  }

  async scanDedup(pid: number, visit: (row: DedupRow) => void): Promise<void> {
    for (const [of, row] of this.#disk.dedupRows()) if (of === pid) visit(row);
  }

  async renew(): Promise<string> {
    return this.#disk.renew(0);
  }

  async close(): Promise<void> {
    this.#gate.release();
  }

  #recordsOf(pid: number): StoredRecord[] {
    return [...this.#disk.records.values()].filter(({ key }) => partitionOf(key) === pid);
  }
}

describeServerStorage('the simulated disk of a server', async () => {
  const gate = new CommitGate();
  const store = new StoreOnSimDisk(new SimStore('simulated'), gate);
  return { gate, open: async () => ({ store, boot: await store.open() }), dispose: async () => undefined };
});
