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
import { OWNERSHIP_BOUNDS } from '@topgun/server/internal/cluster/ClusterManager';
import { CommitGate, describeServerStorage, describeSharedStorage } from '@topgun/server/testing';
import { SimStorage } from '../src/app/SimStorage.js';
import { DatabaseLine } from '../src/nodes/DatabaseLine.js';
import { NodeProcess } from '../src/nodes/NodeProcess.js';
import { type Shared, SimDatabase } from '../src/nodes/SimDatabase.js';
import { Rng } from '../src/rng.js';
import { Scheduler } from '../src/Scheduler.js';
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

/** What is due in the simulated world is due at once. */
class PromptScheduler extends Scheduler {
  override after(_delayMs: number, run: () => void): void {
    queueMicrotask(run);
  }
}

/** The line of a node to the simulated database, with a gate before the commits. */
class GatedLine extends DatabaseLine {
  gate: CommitGate | undefined;

  override async commitShared(batch: CommitBatch): Promise<Shared> {
    const fault = this.gate?.takeFault();
    if (fault === 'failed') return { result: 'failed', revision: 0 };
    await this.gate?.flushed();
    const done = await super.commitShared(batch);
    return fault === undefined ? done : { result: fault, revision: 0 };
  }

  override async close(): Promise<void> {
    this.gate?.release();
    await super.close();
  }
}

/** A simulated database, and the nodes that share it. */
class SharedDatabase {
  readonly #scheduler = new PromptScheduler(new Rng(1));
  readonly #database = new SimDatabase({
    ...{ scheduler: this.#scheduler, rows: new SimStore('simulated'), rng: new Rng(2) },
    ...{ bounds: OWNERSHIP_BOUNDS, protocol: 1 },
    count: () => undefined,
    counted: () => undefined,
    applied: () => undefined,
  });
  readonly #lines = new Map<string, GatedLine>();

  async node(name: string, gate?: CommitGate) {
    let times = 0;
    const self = { name, boot: `boot of ${name}` };
    const process = new NodeProcess(
      { scheduler: this.#scheduler, stirred: () => undefined },
      new Rng(3),
      () => 0,
    );
    const line = new GatedLine({
      ...{ self, process, database: this.#database, scheduler: this.#scheduler, rng: new Rng(4) },
      ...{ wallMs: () => 0, count: () => undefined, onStopped: () => undefined, onMap: () => undefined },
      onFenced: () => {
        times++;
      },
    });
    line.gate = gate;
    this.#lines.set(name, line);
    const boot = await line.open();
    await this.raise(name, self.boot);
    return { store: line, boot, fenced: () => times };
  }

  async raise(name: string, holder: string): Promise<void> {
    const { fences } = this.#database;
    fences.alone(name, () => {
      const number = fences.raise(name, holder);
      if (holder === `boot of ${name}`) this.#lines.get(name)?.joined(number);
    });
  }
}

describeServerStorage('a node at the simulated database', async () => {
  const gate = new CommitGate();
  const database = new SharedDatabase();
  return { gate, open: () => database.node('a', gate), dispose: async () => undefined };
});

describeSharedStorage('the simulated database', async () => {
  const database = new SharedDatabase();
  return {
    node: (name) => database.node(name),
    takeOver: (name) => database.raise(name, 'taken over by another'),
    rejoin: (name) => database.raise(name, `boot of ${name}`),
    dispose: async () => undefined,
  };
});
