import { deserialize } from '@topgun/protocol';
import { PartitionState } from '../PartitionState.js';
import type { CommitBatch, DedupEntry, GcMarks, Offset } from '../Store.js';
import { arrayOf, type Cell } from './arrayOf.js';
import { toUnitBytes } from './codeUnits.js';
import { packed, type RecordRow, toRow } from './recordRow.js';

/** The arguments of the function `commit_shared` after fence and number, in the order of its parameters: one array per column. */
export type CommitRows = readonly string[];

interface Placed<T> {
  readonly pid: number;
  readonly row: T;
}

/** One array per column, for `unnest`. What names one item or one session twice is merged first: a statement may touch a row once. */
export function commitRows({ slices, meta }: CommitBatch): CommitRows {
  const states = new Map<number, PartitionState>();
  for (const slice of slices) {
    const state = states.get(slice.pid) ?? new PartitionState();
    state.absorb(slice);
    states.set(slice.pid, state);
  }
  const highs: Placed<Offset>[] = [];
  const marks: Placed<GcMarks>[] = [];
  const records: Placed<RecordRow>[] = [];
  const counters: Placed<RecordRow>[] = [];
  const dedup: Placed<readonly [client: string, session: string, settledBelow: number, entries: string]>[] =
    [];
  for (const [pid, state] of states) {
    highs.push({ pid, row: state.high });
    if (state.gc !== undefined) marks.push({ pid, row: state.gc });
    for (const record of state.records.values())
      (record.kind === 'PN' ? counters : records).push({ pid, row: toRow(record) });
    for (const { clientId, session, settledBelow, entries } of state.dedup.values())
      dedup.push({ pid, row: [clientId, session, settledBelow, packEntries(entries)] });
  }
  const facts = [...new Map(meta.map((row) => [row.name, row])).values()];
  const of = <T>(rows: readonly Placed<T>[], column: (row: T) => Cell): string =>
    arrayOf(rows, ({ row }) => column(row));
  const pids = (rows: readonly Placed<unknown>[]): string => arrayOf(rows, ({ pid }) => pid);
  return [
    pids(highs),
    of(highs, ({ epoch }) => epoch),
    of(highs, ({ n }) => n),
    pids(marks),
    of(marks, ({ floor }) => floor.t),
    of(marks, ({ floor }) => toUnitBytes(floor.node)),
    of(marks, ({ offset }) => offset.epoch),
    of(marks, ({ offset }) => offset.n),
    of(marks, ({ repaired }) => repaired ?? 0),
    pids(records),
    ...RECORD_COLUMNS.map((name) => of(records, (row) => row[name])),
    pids(counters),
    ...COUNTER_COLUMNS.map((name) => of(counters, (row) => row[name])),
    pids(dedup),
    ...([0, 1, 2, 3] as const).map((at) => of(dedup, (row) => row[at])),
    arrayOf(facts, ({ name }) => Buffer.from(name, 'utf8')),
    arrayOf(facts, ({ value }) => (value === null ? null : packed(value))),
    arrayOf(facts, ({ was }) => was !== undefined),
    arrayOf(facts, ({ was }) => (was === undefined || was.value === undefined ? null : packed(was.value))),
  ];
}

const RECORD_COLUMNS = [
  'map',
  'key',
  'tag',
  'kind',
  'first',
  't',
  'node',
  'gone',
  'hash',
  'ttl',
  'epoch',
  'n',
  'body',
  'about',
  'sum',
] as const satisfies readonly (keyof RecordRow)[];

const COUNTER_COLUMNS = [
  'map',
  'key',
  't',
  'node',
  'ttl',
  'epoch',
  'n',
  'plus',
  'minus',
  'about',
  'sum',
] as const satisfies readonly (keyof RecordRow)[];

/** By seq, for PostgreSQL keeps the first of each and drops those that are settled; what they say is packed, for JSON takes no NUL. */
function packEntries(entries: readonly DedupEntry[]): string {
  const bySeq: Record<string, string> = {};
  for (const entry of entries) {
    const { outcome, code, reason, t, node, n, epoch, fingerprint, concern } = entry;
    const told = [outcome, t, node, n, epoch, fingerprint, code ?? null, reason ?? null, concern ?? null];
    bySeq[entry.seq] = packed(told).toString('base64');
  }
  return JSON.stringify(bySeq);
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
