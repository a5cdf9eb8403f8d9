import { deserialize } from '@topgun/protocol';
import { PartitionState } from '../PartitionState.js';
import type {
  CommitBatch,
  DedupEntry,
  DedupRow,
  GcMarks,
  Offset,
  PartitionSlice,
  StoredRecord,
} from '../Store.js';
import { unitCell } from './codeUnits.js';
import { bigints, booleans, bytesOf, jsons, smallints, texts } from './columns.js';
import { counterColumns, recordColumns } from './recordColumns.js';
import { packed } from './recordRow.js';

/** The arguments of the function `commit_shared` after fence and number, in the order of its parameters: one array per column. */
export type CommitRows = readonly Buffer[];

/** Rows of one table, and beside them their partitions. */
class Placed<T> {
  readonly pids: number[] = [];
  readonly rows: T[] = [];

  add(pid: number, row: T): void {
    this.pids.push(pid);
    this.rows.push(row);
  }

  get pidColumn(): Buffer {
    return smallints(this.pids, (pid) => pid);
  }
}

/** One array per column, for `unnest`. What names one item or one session twice is merged first: a statement may touch a row once. */
export function commitRows({ slices, meta }: CommitBatch): CommitRows {
  const highs = new Placed<Offset>();
  const marks = new Placed<GcMarks>();
  const records = new Placed<StoredRecord>();
  const counters = new Placed<StoredRecord>();
  const dedup = new Placed<DedupRow>();
  for (const slice of onePerPartition(slices)) {
    const { pid } = slice;
    highs.add(pid, slice.high);
    if (slice.gc !== undefined) marks.add(pid, slice.gc);
    for (const record of slice.records) (record.kind === 'PN' ? counters : records).add(pid, record);
    for (const row of slice.dedup) dedup.add(pid, row);
  }
  const facts = [...new Map(meta.map((row) => [row.name, row])).values()];
  return [
    highs.pidColumn,
    bigints(highs.rows, ({ epoch }) => epoch),
    bigints(highs.rows, ({ n }) => n),
    marks.pidColumn,
    bigints(marks.rows, ({ floor }) => floor.t),
    bytesOf(marks.rows, ({ floor }) => unitCell(floor.node)),
    bigints(marks.rows, ({ offset }) => offset.epoch),
    bigints(marks.rows, ({ offset }) => offset.n),
    bigints(marks.rows, ({ repaired }) => repaired ?? 0),
    ...recordColumns(records.pids, records.rows),
    ...counterColumns(counters.pids, counters.rows),
    dedup.pidColumn,
    texts(dedup.rows, ({ clientId }) => clientId),
    texts(dedup.rows, ({ session }) => session),
    bigints(dedup.rows, ({ settledBelow }) => settledBelow),
    jsons(dedup.rows, packEntries),
    bytesOf(facts, ({ name }) => name),
    bytesOf(facts, ({ value }) => (value === null ? null : packed(value))),
    booleans(facts, ({ was }) => was !== undefined),
    bytesOf(facts, ({ was }) => (was === undefined || was.value === undefined ? null : packed(was.value))),
  ];
}

/** What an engine commits names everything once; what others replay or put together may not. */
function onePerPartition(slices: readonly PartitionSlice[]): readonly PartitionSlice[] {
  if (new Set(slices.map(({ pid }) => pid)).size === slices.length && !slices.some(mayNameTwice))
    return slices;
  const states = new Map<number, PartitionState>();
  for (const slice of slices) {
    const state = states.get(slice.pid) ?? new PartitionState();
    state.absorb(slice);
    states.set(slice.pid, state);
  }
  return [...states].map(([pid, state]) => state.slice(pid));
}

/** Elements of one key, and maps that share one, are told apart by who merges. */
const mayNameTwice = ({ records }: { readonly records: readonly StoredRecord[] }): boolean =>
  records.length > 1 && new Set(records.map(({ key }) => key)).size < records.length;

/**
 * By seq, for PostgreSQL keeps the first of each and drops those that are settled; what they say is packed, for JSON takes no NUL. Base64
 * needs no escapes.
 */
function packEntries({ settledBelow, entries }: DedupRow): string {
  const [first] = entries;
  // Mostly a client writes one op to a partition at a time.
  if (first !== undefined && entries.length === 1)
    return first.seq < settledBelow ? '{}' : `{"${first.seq}":"${packEntry(first)}"}`;
  const seqs = new Set<number>();
  const told: string[] = [];
  for (const entry of entries) {
    if (entry.seq < settledBelow || seqs.has(entry.seq)) continue;
    seqs.add(entry.seq);
    told.push(`"${entry.seq}":"${packEntry(entry)}"`);
  }
  return `{${told.join(',')}}`;
}

function packEntry(entry: DedupEntry): string {
  const { outcome, code, reason, t, node, n, epoch, fingerprint, concern } = entry;
  const told = [outcome, t, node, n, epoch, fingerprint, code ?? null, reason ?? null, concern ?? null];
  return packed(told).toString('base64');
}

/** The entries of a row, by rising seq. */
export function unpackEntries(bySeq: Readonly<Record<string, string>>): DedupEntry[] {
  const entries = Object.entries(bySeq).map(([seq, text]): DedupEntry => {
    // Written by `packEntries`.
    const told = deserialize(Buffer.from(text, 'base64')) as [
      DedupEntry['outcome'],
      number,
      string,
      number,
      number,
      number,
      string | null,
      string | null,
      number | null,
    ];
    const [outcome, t, node, n, epoch, fingerprint, code, reason, concern] = told;
    return {
      seq: Number(seq),
      outcome,
      ...(code !== null && { code }),
      ...(reason !== null && { reason }),
      t,
      node,
      n,
      epoch,
      fingerprint,
      ...(concern !== null && { concern }),
    };
  });
  return entries.sort((a, b) => a.seq - b.seq);
}
