import { compareVersions } from '@topgun/core';
import { itemIdOf } from '../itemId.js';
import type {
  CommitBatch,
  DedupEntry,
  DedupRow,
  DedupState,
  GcMarks,
  Offset,
  PartitionSlice,
  StoredRecord,
} from '../Store.js';
import { compareOffsets, FORGOTTEN } from '../Store.js';
import type { Question } from './Script.js';

/** One partition: every version that was ever committed and is not purged, and what follows from them when it is asked. */
interface Partition {
  high: Offset;
  gc: GcMarks | undefined;
  readonly versions: Map<string, StoredRecord[]>;
  readonly sessions: Map<
    string,
    { clientId: string; session: string; settledBelow: number; entries: DedupEntry[] }
  >;
}

/** What opening tells of the partitions and facts of a script. */
export interface ModelBoot {
  readonly partitions: ReadonlyMap<number, Offset>;
  readonly gc: ReadonlyMap<number, GcMarks>;
  readonly meta: ReadonlyMap<string, unknown>;
}

/** The rules STO-2 to STO-10, STO-25 and STO-27 as they are written, without a thought for cost: it keeps everything and decides when it is asked. */
export class ScriptModel {
  readonly #partitions = new Map<number, Partition>();
  readonly #facts = new Map<string, unknown>();

  commit({ slices, meta }: CommitBatch): void {
    for (const slice of slices) this.#take(slice);
    for (const { name, value } of meta) {
      if (value === null) this.#facts.delete(name);
      else this.#facts.set(name, value);
    }
  }

  boot(): ModelBoot {
    const partitions = new Map<number, Offset>();
    const gc = new Map<number, GcMarks>();
    for (const [pid, partition] of this.#partitions) {
      partitions.set(pid, partition.high);
      if (partition.gc !== undefined) gc.set(pid, partition.gc);
    }
    return { partitions, gc, meta: new Map(this.#facts) };
  }

  /** Deletions of a partition up to an offset: what a purge there takes. */
  deletions(pid: number, upTo: Offset): readonly StoredRecord[] {
    return this.#records(pid).filter(
      (record) => record.value === undefined && compareOffsets(record, upTo) <= 0,
    );
  }

  answer(question: Question): unknown {
    switch (question.ask) {
      case 'record':
        return this.#all().find((record) => itemIdOf(record) === itemIdOf(question));
      case 'scan':
        return this.#records(question.pid);
      case 'changes':
        return this.#changes(question.pid, question.after, question.limit);
      case 'dedup':
        return this.#sessions(question.pid).find(
          ({ clientId, session }) => clientId === question.clientId && session === question.session,
        );
      case 'dedupRows':
        return this.#sessions(question.pid);
    }
  }

  #take({ pid, high, gc, records, dedup }: PartitionSlice): void {
    const partition = this.#partitions.get(pid) ?? {
      high: { epoch: 0, n: 0 },
      gc: undefined,
      versions: new Map(),
      sessions: new Map(),
    };
    this.#partitions.set(pid, partition);
    for (const record of records) {
      const id = itemIdOf(record);
      partition.versions.set(id, [...(partition.versions.get(id) ?? []), record]);
    }
    if (compareOffsets(partition.high, high) < 0) partition.high = high;
    for (const row of dedup) takeDedup(partition, row);
    if (gc !== undefined) purge(partition, gc);
  }

  #all(): readonly StoredRecord[] {
    return [...this.#partitions.keys()].flatMap((pid) => this.#records(pid));
  }

  #records(pid: number): readonly StoredRecord[] {
    return [...(this.#partitions.get(pid)?.versions.values() ?? [])].map(standing);
  }

  #changes(pid: number, after: Offset, limit: number): readonly StoredRecord[] {
    const later = this.#records(pid).filter((record) => compareOffsets(record, after) > 0);
    const last = later.toSorted(compareOffsets)[Math.min(limit, later.length) - 1];
    return later.filter((record) => last !== undefined && compareOffsets(record, last) <= 0);
  }

  #sessions(pid: number): readonly (DedupState & { clientId: string; session: string })[] {
    return [...(this.#partitions.get(pid)?.sessions.values() ?? [])]
      .filter(({ settledBelow }) => settledBelow !== FORGOTTEN)
      .map((row) => ({
        ...row,
        entries: row.entries.filter(({ seq }) => seq >= row.settledBelow).toSorted((a, b) => a.seq - b.seq),
      }));
  }
}

function takeDedup({ sessions }: Partition, { clientId, session, settledBelow, entries }: DedupRow): void {
  const id = `${clientId} ${session}`;
  const row = sessions.get(id) ?? { clientId, session, settledBelow: 0, entries: [] };
  sessions.set(id, row);
  row.settledBelow = Math.max(row.settledBelow, settledBelow);
  for (const entry of entries) if (!row.entries.some(({ seq }) => seq === entry.seq)) row.entries.push(entry);
}

function purge(partition: Partition, gc: GcMarks): void {
  const before = partition.gc;
  const repaired = Math.max(before?.repaired ?? 0, gc.repaired ?? 0);
  const isLater = before === undefined || compareOffsets(before.offset, gc.offset) < 0;
  const isHigher = before === undefined || before.floor.t < gc.floor.t;
  partition.gc = {
    floor: isHigher ? gc.floor : before.floor,
    offset: isLater ? gc.offset : before.offset,
    ...(repaired > 0 && { repaired }),
  };
  const { offset } = partition.gc;
  for (const [id, versions] of partition.versions) {
    const record = standing(versions);
    if (record.value === undefined && compareOffsets(record, offset) <= 0) partition.versions.delete(id);
  }
}

/** Which of its versions an item is. */
function standing(versions: readonly StoredRecord[]): StoredRecord {
  const newest = versions.toSorted(compareOffsets).at(-1) as StoredRecord;
  if (newest.kind === 'PN') {
    const totals = versions.map(({ value }) => value as readonly [number, number]);
    return {
      ...newest,
      value: [0, 1].map((side) => Math.max(...totals.map((total) => total[side] as number))),
    };
  }
  const isGone = newest.kind === 'OR' && versions.some(({ value }) => value === undefined);
  const repaired = Math.max(...versions.map((version) => version.repaired ?? 0));
  const left = versions.filter((version) =>
    isGone ? version.value === undefined : (version.repaired ?? 0) === repaired,
  );
  // Of equal ones the last offset.
  return left.toSorted((a, b) => compareVersions(a, b) || compareOffsets(a, b)).at(-1) as StoredRecord;
}
