import { partitionOf } from '@topgun/core';
import type { CommitGate } from './CommitGate.js';
import { itemId } from './itemId.js';
import { PartitionState, selectChanges } from './PartitionState.js';
import type {
  CommitBatch,
  CommitResult,
  DedupRow,
  DedupState,
  GcMarks,
  Offset,
  Store,
  StoreBoot,
  StoredRecord,
} from './Store.js';

export interface MemoryStoreOptions {
  /** id of the life of this store; a fixed one makes runs repeatable */
  readonly incarnation?: string;
  readonly gate?: CommitGate;
}

/** A store that lives as long as its object: for tests and for servers whose data may go. */
export class MemoryStore implements Store {
  #incarnation: string;
  #lives = 1;
  readonly #gate: CommitGate | undefined;
  readonly #partitions = new Map<number, PartitionState>();
  readonly #meta = new Map<string, unknown>();

  constructor(options: MemoryStoreOptions = {}) {
    this.#incarnation = options.incarnation ?? 'memory';
    this.#gate = options.gate;
  }

  async open(): Promise<StoreBoot> {
    const partitions = new Map<number, Offset>();
    const gc = new Map<number, GcMarks>();
    for (const [pid, state] of this.#partitions) {
      partitions.set(pid, state.high);
      if (state.gc !== undefined) gc.set(pid, state.gc);
    }
    return { incarnation: this.#incarnation, partitions, gc, meta: new Map(this.#meta) };
  }

  async commit(batch: CommitBatch): Promise<CommitResult> {
    const fault = this.#gate?.takeFault();
    if (fault === 'failed') return 'failed';
    await this.#gate?.flushed();
    for (const slice of batch.slices) {
      const state = this.#partition(slice.pid);
      state.absorb(slice);
      if (slice.gc !== undefined) state.purge();
    }
    for (const { name, value } of batch.meta) {
      if (value === null) this.#meta.delete(name);
      else this.#meta.set(name, value);
    }
    return fault ?? 'committed';
  }

  async read(map: string, key: string, tag?: string): Promise<StoredRecord | undefined> {
    return this.#partitions.get(partitionOf(key))?.records.get(itemId(map, key, tag));
  }

  async scan(pid: number, visit: (record: StoredRecord) => void): Promise<void> {
    for (const record of this.#partitions.get(pid)?.records.values() ?? []) visit(record);
  }

  async changesSince(pid: number, after: Offset, limit: number): Promise<readonly StoredRecord[]> {
    return selectChanges(this.#partitions.get(pid)?.records.values() ?? [], after, limit);
  }

  async readDedup(pid: number, clientId: string, session: string): Promise<DedupState | undefined> {
    return this.#partitions.get(pid)?.dedupOf(clientId, session);
  }

  async scanDedup(pid: number, visit: (row: DedupRow) => void): Promise<void> {
    for (const row of this.#partitions.get(pid)?.liveDedup() ?? []) visit(row);
  }

  async renew(): Promise<string> {
    const [first] = this.#incarnation.split('+');
    this.#incarnation = `${first}+${++this.#lives}`;
    return this.#incarnation;
  }

  async close(): Promise<void> {
    this.#gate?.release();
  }

  #partition(pid: number): PartitionState {
    let state = this.#partitions.get(pid);
    if (state === undefined) {
      state = new PartitionState();
      this.#partitions.set(pid, state);
    }
    return state;
  }
}
