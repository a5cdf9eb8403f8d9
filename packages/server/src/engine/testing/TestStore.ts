import { PartitionState } from '../../storage/PartitionState.js';
import type {
  CommitBatch,
  CommitResult,
  DedupRow,
  GcMarks,
  Offset,
  SharedState,
  StoreBoot,
} from '../../storage/Store.js';

interface KeptFact {
  readonly value: unknown;
  readonly revision: number;
}

/** What a test's nodes have on their disk, or in the database that they share: batches merged, and facts with their revisions. */
export class TestStore {
  incarnation = 'life-1';
  revision = 0;
  readonly partitions = new Map<number, PartitionState>();
  readonly batches: CommitBatch[] = [];
  readonly #facts = new Map<string, KeptFact>();

  /** Stores a batch, or nothing of it where a fact was decided otherwise. */
  apply(batch: CommitBatch): { readonly result: CommitResult; readonly revision: number } {
    const { slices, meta } = batch;
    for (const { name, value, was } of meta) {
      const stands = text(this.#facts.get(name)?.value ?? null);
      if (was !== undefined && stands !== text(was.value ?? null) && stands !== text(value))
        return { result: 'contradicted', revision: 0 };
    }
    this.batches.push(batch);
    for (const slice of slices) {
      const state = this.partitions.get(slice.pid) ?? new PartitionState();
      this.partitions.set(slice.pid, state);
      state.absorb(slice);
      if (slice.gc !== undefined) state.purge();
    }
    if (meta.length === 0) return { result: 'committed', revision: 0 };
    this.revision++;
    for (const { name, value } of meta) this.#facts.set(name, { value, revision: this.revision });
    return { result: 'committed', revision: this.revision };
  }

  /** As it was after these batches. */
  reset(batches: readonly CommitBatch[]): void {
    this.partitions.clear();
    this.#facts.clear();
    this.batches.length = 0;
    for (const batch of batches) this.apply(batch);
  }

  get facts(): ReadonlyMap<string, unknown> {
    return new Map([...this.#facts].flatMap(([name, { value }]) => (value === null ? [] : [[name, value]])));
  }

  boot(): StoreBoot {
    const { incarnation, revision } = this;
    const partitions = new Map<number, Offset>();
    const gc = new Map<number, GcMarks>();
    for (const [pid, state] of this.partitions) {
      partitions.set(pid, state.high);
      if (state.gc !== undefined) gc.set(pid, state.gc);
    }
    return { incarnation, partitions, gc, meta: this.facts, revision };
  }

  sharedState(after: number): SharedState {
    const { incarnation, revision } = this;
    const facts = new Map<string, unknown>();
    for (const [name, fact] of this.#facts) if (fact.revision > after) facts.set(name, fact.value);
    const places = [...this.partitions].map(
      ([pid, { high, gc }]) => [pid, gc ? { high, gc } : { high }] as const,
    );
    return { incarnation, revision, facts, partitions: new Map(places) };
  }

  /** Dedup rows of all partitions. */
  *dedup(): Iterable<readonly [pid: number, row: DedupRow]> {
    for (const [pid, state] of this.partitions) for (const row of state.liveDedup()) yield [pid, row];
  }
}

const text = (value: unknown): string => JSON.stringify(value);
