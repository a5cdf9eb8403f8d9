import type { Kind } from '@topgun/protocol';
import type { Feed, FeedFacts, FeedSlice } from '../engine/cluster/ports.js';
import type { GcMarks, StoredRecord } from '../storage/Store.js';

/** A record as it travels: the map by its place in the table of the frame; null stands for what is not there. */
type RecordRow = readonly [
  map: number,
  key: string,
  kind: Kind,
  t: number,
  node: string,
  epoch: number,
  n: number,
  isGone: boolean,
  value: unknown,
  tag: string | null,
  ttlMs: number | null,
  owner: string | null,
  from: string | null,
  repaired: number | null,
];

type MarkRow = readonly [t: number, node: string, epoch: number, n: number, repaired: number];

type SliceRow = readonly [
  pid: number,
  fromEpoch: number,
  fromN: number,
  toEpoch: number,
  toN: number,
  records: readonly RecordRow[],
  gc: MarkRow | null,
  passed: readonly number[],
];

/** A commit, as nodes tell it to each other. */
export interface CommitFrame {
  readonly say: 'commit';
  readonly maps: readonly string[];
  readonly slices: readonly SliceRow[];
  readonly facts: readonly (readonly [name: string, value: unknown])[];
  /** -1: there are none */
  readonly revision: number;
}

/** Where the partitions of a node stand, said when a link begins and after a take-over. */
export interface StandingFrame {
  readonly say: 'standing';
  readonly places: readonly (readonly [pid: number, epoch: number, n: number])[];
  readonly revision: number;
}

/** The frames of the channel `feed`. */
export type FeedFrame = CommitFrame | StandingFrame;

export function commitFrame({ slices, facts }: Feed): CommitFrame {
  const maps: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (map: string): number => {
    let number = numbers.get(map);
    if (number === undefined) {
      number = maps.push(map) - 1;
      numbers.set(map, number);
    }
    return number;
  };
  return {
    say: 'commit',
    slices: slices.map(({ pid, from, to, records, passed, gc }): SliceRow => {
      const rows = records.map((record) => rowOf(record, numberOf(record.map)));
      const marks = gc === undefined ? null : marksOf(gc);
      return [pid, from.epoch, from.n, to.epoch, to.n, rows, marks, passed?.map(numberOf) ?? []];
    }),
    maps,
    facts: facts?.facts ?? [],
    revision: facts?.revision ?? -1,
  };
}

/** What a node of the cluster, which has proven that it is one, has sent by `commitFrame`. */
export function feedOf({ maps, slices, facts, revision }: CommitFrame): Feed {
  const told: FeedFacts | undefined = revision < 0 ? undefined : { revision, facts };
  return {
    slices: slices.map(([pid, fromEpoch, fromN, toEpoch, toN, rows, gc, passed]): FeedSlice => {
      const places = { from: { epoch: fromEpoch, n: fromN }, to: { epoch: toEpoch, n: toN } };
      const records = rows.map((row) => recordOf(row, maps[row[0]] ?? ''));
      return {
        ...{ pid, ...places, records },
        ...(passed.length > 0 && { passed: passed.map((map) => maps[map] ?? '') }),
        ...(gc !== null && { gc: gcOf(gc) }),
      };
    }),
    ...(told && { facts: told }),
  };
}

function rowOf(record: StoredRecord, map: number): RecordRow {
  const { key, kind, t, node, epoch, n, value, tag, ttlMs, owner, from, repaired } = record;
  const rest = [tag ?? null, ttlMs ?? null, owner ?? null, from ?? null, repaired ?? null] as const;
  return [map, key, kind, t, node, epoch, n, value === undefined, value ?? null, ...rest];
}

function recordOf(row: RecordRow, map: string): StoredRecord {
  const [, key, kind, t, node, epoch, n, isGone, value, tag, ttlMs, owner, from, repaired] = row;
  return {
    ...{ map, key, kind, t, node, epoch, n },
    value: isGone ? undefined : value,
    ...(tag !== null && { tag }),
    ...(ttlMs !== null && { ttlMs }),
    ...(owner !== null && { owner }),
    ...(from !== null && { from }),
    ...(repaired !== null && { repaired }),
  };
}

const marksOf = ({ floor, offset, repaired }: GcMarks): MarkRow => [
  floor.t,
  floor.node,
  offset.epoch,
  offset.n,
  repaired ?? 0,
];

const gcOf = ([t, node, epoch, n, repaired]: MarkRow): GcMarks => ({
  floor: { t, node },
  offset: { epoch, n },
  ...(repaired > 0 && { repaired }),
});
