import { hashValue, partitionOf } from '@topgun/core';
import {
  type CommitBatch,
  type DedupEntry,
  type DedupRow,
  FORGOTTEN,
  type GcMarks,
  type Offset,
  type StoreBoot,
  type StoredRecord,
} from '@topgun/server/engine';

interface DedupState {
  settledBelow: number;
  readonly entries: Map<number, DedupEntry>;
}

/** By rising seq, as every store gives them. */
const entriesOf = ({ entries }: DedupState): DedupEntry[] =>
  [...entries.values()].sort((a, b) => a.seq - b.seq);

const itemOf = (record: Pick<StoredRecord, 'map' | 'key' | 'tag'>): string =>
  JSON.stringify([record.map, record.key, record.tag ?? null]);
const dedupOf = (pid: number, clientId: string, session: string): string => `${pid}/${clientId}/${session}`;

/**
 * What stands where `next` meets `old`, said as plainly as SYNC §1–2 says it; written apart from the product's own merge, to check it.
 * Undefined: the old one stays.
 */
function merged(next: StoredRecord, old: StoredRecord): StoredRecord | undefined {
  if (next.kind === 'PN') return mergedCounter(next, old);
  const isNextGone = next.value === undefined;
  if (next.kind === 'OR' && isNextGone !== (old.value === undefined)) return isNextGone ? next : undefined;
  const order =
    (next.repaired ?? 0) - (old.repaired ?? 0) ||
    next.t - old.t ||
    compareTexts(next.node, old.node) ||
    Number(isNextGone) - Number(old.value === undefined) ||
    (isNextGone ? 0 : hashValue(next.value) - hashValue(old.value)) ||
    // Two that live for ever differ by NaN.
    (next.ttlMs || Infinity) - (old.ttlMs || Infinity) ||
    0;
  // The same version at a later offset has moved there.
  return order > 0 || (order === 0 && isAfter(next, old)) ? next : undefined;
}

/** Of each total the greater, at the later offset. */
function mergedCounter(next: StoredRecord, old: StoredRecord): StoredRecord {
  const [[p, n], [q, m]] = [next.value, old.value] as [[number, number], [number, number]];
  return { ...(isAfter(next, old) ? next : old), value: [Math.max(p, q), Math.max(n, m)] };
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isAfter = (a: Offset, b: Offset): boolean => a.epoch > b.epoch || (a.epoch === b.epoch && a.n > b.n);

/** What is on the server's disk. It outlives every node; a commit is applied whole or not at all. */
export class SimStore {
  readonly records = new Map<string, StoredRecord>();
  readonly highs = new Map<number, Offset>();
  readonly gc = new Map<number, GcMarks>();
  /** Deletions that were purged, the last one of each item: what only the checkers remember. */
  readonly #buried = new Map<string, StoredRecord>();
  readonly meta = new Map<string, unknown>();
  incarnation: string;
  /** Every op id that took effect, with its first durable outcome: the ledger of the checkers. A rollback takes back what it undid. */
  readonly outcomes = new Map<string, DedupEntry>();
  /** Ids of all workload values that were ever on disk. */
  readonly values = new Set<number>();
  /** Op ids with two different durable outcomes. */
  readonly doubled: string[] = [];
  commits = 0;
  /** New lives so far: the disk was put back, or a node took that for proven. */
  rollbacks = 0;
  /** How often the disk was put back. */
  restores = 0;
  #renewedFrom: string | undefined;
  #renewedAtMs = 0;
  /** `session:seq` of every op that was ever durable. */
  readonly #everDurable = new Set<string>();
  /** The same by `session:seq`. */
  readonly #outcomes = new Map<string, DedupEntry>();
  readonly #dedup = new Map<string, DedupState>();
  /** Sessions that will never be heard of again. */
  readonly #forgotten = new Map<string, true>();

  constructor(incarnation: string) {
    this.incarnation = incarnation;
  }

  boot(): StoreBoot {
    const { incarnation, highs, gc, meta } = this;
    const renewedFrom = this.#renewedFrom;
    this.#renewedFrom = undefined;
    const renewedAtMs = this.#renewedAtMs;
    const boot = {
      incarnation,
      renewedAtMs,
      partitions: new Map(highs),
      gc: new Map(gc),
      meta: new Map(meta),
    };
    return renewedFrom === undefined ? boot : { ...boot, renewedFrom };
  }

  /** A new life of what the disk holds. */
  renew(nowMs: number): string {
    this.#renewedAtMs = nowMs;
    this.incarnation = `${this.incarnation.slice(0, 20)}${++this.rollbacks}`;
    return this.incarnation;
  }

  /** What the disk holds now. The function that is returned takes it back there; no node runs meanwhile, and the next one notices. */
  backup(): (nowMs: number) => void {
    const { records, highs, gc, meta, outcomes } = this;
    const parts = [records, highs, gc, meta, outcomes, this.#outcomes, this.#forgotten] as Map<
      unknown,
      unknown
    >[];
    const saved = parts.map((part) => [...part]);
    const dedup = [...this.#dedup].map(
      ([id, { settledBelow, entries }]) => [id, { settledBelow, entries: new Map(entries) }] as const,
    );
    return (nowMs) => {
      for (const [i, part] of parts.entries()) {
        part.clear();
        for (const [key, value] of saved[i] ?? []) part.set(key, value);
      }
      this.#dedup.clear();
      for (const [id, { settledBelow, entries }] of dedup)
        this.#dedup.set(id, { settledBelow, entries: new Map(entries) });
      this.#renewedFrom = this.incarnation;
      this.restores++;
      this.renew(nowMs);
    };
  }

  apply(batch: CommitBatch): void {
    this.commits++;
    for (const { name, value } of batch.meta) {
      if (value === null) this.meta.delete(name);
      else this.meta.set(name, structuredClone(value));
    }
    for (const slice of batch.slices) {
      const high = this.highs.get(slice.pid);
      if (high === undefined || isAfter(slice.high, high)) this.highs.set(slice.pid, slice.high);
      for (const record of slice.records) {
        const item = itemOf(record);
        const id = (record.value as { id?: unknown } | undefined)?.id;
        if (typeof id === 'number') this.values.add(id);
        const old = this.records.get(item);
        const stands = old === undefined ? record : merged(record, old);
        if (stands !== undefined) this.records.set(item, structuredClone(stands));
      }
      if (slice.gc !== undefined) this.#purge(slice.pid, slice.gc);
      for (const row of slice.dedup) this.#remember(slice.pid, row);
    }
  }

  /** Raises the marks and takes the deletions up to the offset out, with the commit that says so (GC-1). */
  #purge(pid: number, gc: GcMarks): void {
    const old = this.gc.get(pid);
    const isHigher = old === undefined || isAfter(gc.offset, old.offset);
    const { t, node } = gc.floor;
    const isAbove = old === undefined || t > old.floor.t || (t === old.floor.t && node > old.floor.node);
    const repaired = Math.max(gc.repaired ?? 0, old?.repaired ?? 0);
    const floors = { floor: isAbove ? gc.floor : old.floor, offset: isHigher ? gc.offset : old.offset };
    const marks = repaired > 0 ? { ...floors, repaired } : floors;
    this.gc.set(pid, structuredClone(marks));
    for (const [item, record] of this.records) {
      if (record.value !== undefined || isAfter(record, marks.offset) || partitionOf(record.key) !== pid)
        continue;
      this.records.delete(item);
      this.#buried.set(item, record);
    }
  }

  /** What stands at a key, or the deletion that was purged there. */
  lastOf(map: string, key: string): StoredRecord | undefined {
    return this.get(map, key) ?? this.#buried.get(itemOf({ map, key }));
  }

  get(map: string, key: string, tag?: string): StoredRecord | undefined {
    return this.records.get(itemOf(tag === undefined ? { map, key } : { map, key, tag }));
  }

  /** The first durable outcome of an op. */
  outcomeOf(session: string, seq: number): DedupEntry | undefined {
    return this.#outcomes.get(`${session}:${seq}`);
  }

  /** Whether a commit ever held an op, even one that a rollback undid. */
  wasDurable(session: string, seq: number): boolean {
    return this.#everDurable.has(`${session}:${seq}`);
  }

  /** Ids of the workload's values in records that stand. */
  idsOnDisk(): Set<number> {
    const ids = new Set<number>();
    for (const { value } of this.records.values()) {
      const id = (value as { id?: unknown } | undefined)?.id;
      if (typeof id === 'number') ids.add(id);
    }
    return ids;
  }

  readDedup(pid: number, clientId: string, session: string): DedupRow | undefined {
    const state = this.#dedup.get(dedupOf(pid, clientId, session));
    if (state === undefined) return undefined;
    return { clientId, session, settledBelow: state.settledBelow, entries: entriesOf(state) };
  }

  dedupRows(): (readonly [pid: number, row: DedupRow])[] {
    return [...this.#dedup].map(([id, state]) => {
      const [pid, clientId, session] = id.split('/') as [string, string, string];
      return [
        Number(pid),
        { clientId, session, settledBelow: state.settledBelow, entries: entriesOf(state) },
      ] as const;
    });
  }

  #remember(pid: number, row: DedupRow): void {
    for (const entry of row.entries) this.#note(row, entry);
    const id = dedupOf(pid, row.clientId, row.session);
    if (row.settledBelow === FORGOTTEN) {
      this.#dedup.delete(id);
      this.#forgotten.set(id, true);
    }
    if (this.#forgotten.has(id)) return;
    const state = this.#dedup.get(id) ?? { settledBelow: 0, entries: new Map<number, DedupEntry>() };
    this.#dedup.set(id, state);
    for (const entry of row.entries) if (!state.entries.has(entry.seq)) state.entries.set(entry.seq, entry);
    state.settledBelow = Math.max(state.settledBelow, row.settledBelow);
    for (const seq of state.entries.keys()) if (seq < state.settledBelow) state.entries.delete(seq);
  }

  /** For the checkers, who forget nothing. */
  #note({ clientId, session }: DedupRow, entry: DedupEntry): void {
    const op = `${clientId}:${session}:${entry.seq}`;
    const first = this.outcomes.get(op);
    this.#everDurable.add(`${session}:${entry.seq}`);
    if (first === undefined) {
      this.outcomes.set(op, entry);
      this.#outcomes.set(`${session}:${entry.seq}`, entry);
    } else if (first.n !== entry.n || first.epoch !== entry.epoch || first.outcome !== entry.outcome)
      this.doubled.push(op);
  }
}
