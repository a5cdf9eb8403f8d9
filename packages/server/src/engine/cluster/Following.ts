import { LIMITS } from '@topgun/protocol';
import {
  compareOffsets,
  type GcMarks,
  type Offset,
  type PartitionPlace,
  type StoredRecord,
} from '../../storage/Store.js';
import type { Commit } from '../Commit.js';
import type { Change, MapState } from '../MapState.js';
import type { OwnerClock } from '../OwnerClock.js';
import type { Partition } from '../Partition.js';
import type { Purge } from '../Purge.js';
import type { RecordTable } from '../RecordTable.js';
import { Row } from '../Row.js';
import type { FeedSlice } from './ports.js';

interface Slice extends FeedSlice {
  /** from the database, which does not say of which maps the offsets between the rows are: any may have passed them */
  readonly isRead?: boolean;
}

export interface FollowingParts {
  readonly table: RecordTable;
  readonly clock: OwnerClock;
  /** Memory has advanced. */
  readonly publish: (commit: Commit) => void;
  /** Something is missing: the database is to be asked. */
  readonly look: () => void;
}

/** Rows of a partition that are looked at in one go for what a purge took. */
const PURGE_STEP = 1_000;

/**
 * Takes in what other nodes have committed, as this node's own commits are taken in (CLU-20, CLU-21).
 *
 * Each partition goes its way from place to place. A slice that begins where the partition stands, or before, is applied; one that ends
 * there or before is known; one that begins behind it waits until the database has told what lies between. Of two versions of an item the
 * one with the later offset stands: the owner has judged them in that order.
 */
export class Following {
  readonly #parts: FollowingParts;
  /** by partition, in order of arrival, which is that of their places */
  readonly #waiting = new Map<number, FeedSlice[]>();

  /** times that something was seen to be missing of a partition */
  gaps = 0;
  /** records of other nodes' commits, by the way they came; all of them only rise */
  fromLinks = 0;
  fromDatabase = 0;

  constructor(parts: FollowingParts) {
    this.#parts = parts;
  }

  /** Places that were named and are not reached. */
  get isBehind(): boolean {
    return this.#waiting.size > 0;
  }

  /** What another node has committed. */
  take(slices: readonly FeedSlice[]): void {
    const ready: FeedSlice[] = [];
    for (const slice of slices) {
      const partition = this.#partition(slice.pid);
      if (partition.isOwn) continue;
      if (compareOffsets(slice.to, partition.committed) <= 0 && slice.gc === undefined) continue;
      this.fromLinks += slice.records.length;
      const waiting = this.#waiting.get(slice.pid);
      if (waiting === undefined && compareOffsets(slice.from, partition.committed) <= 0) ready.push(slice);
      else this.#wait(slice, waiting);
    }
    this.#apply(ready);
  }

  /** Other nodes say where partitions stand. */
  heard(places: Iterable<readonly [pid: number, high: Offset]>): void {
    const behind: FeedSlice[] = [];
    for (const [pid, to] of places) behind.push({ pid, from: to, to, records: [] });
    this.take(behind);
  }

  /** Whether the database has more of a partition than this node knows. */
  lacks(pid: number, { high, gc }: PartitionPlace): boolean {
    const { committed, gcOffset } = this.#partition(pid);
    return (
      compareOffsets(committed, high) < 0 || (gc !== undefined && compareOffsets(gcOffset, gc.offset) < 0)
    );
  }

  placeOf(pid: number): Offset {
    return this.#partition(pid).committed;
  }

  /**
   * What the database has behind the place of a partition: its changes in order, all of them when `place` is given, which was read
   * before them.
   */
  filled(pid: number, records: readonly StoredRecord[], place: PartitionPlace | undefined): void {
    this.fromDatabase += records.length;
    const partition = this.#partition(pid);
    const from = partition.committed;
    const last = records.at(-1);
    let to = last === undefined ? from : { epoch: last.epoch, n: last.n };
    if (place !== undefined && compareOffsets(to, place.high) < 0) to = place.high;
    if (compareOffsets(to, from) < 0) to = from;
    this.#apply([{ pid, from, to, records, isRead: true, ...(place?.gc && { gc: place.gc }) }]);
    if (place !== undefined) this.#goOn(pid, partition);
  }

  /** A commit of this node that was on its way when its partition was lost may have reached what others have named meanwhile. */
  review(): void {
    if (this.#waiting.size === 0) return;
    for (const [pid, [first]] of [...this.#waiting]) {
      const partition = this.#partition(pid);
      if (first !== undefined && compareOffsets(first.from, partition.committed) <= 0)
        this.#goOn(pid, partition);
    }
  }

  /** Slices that wait of a partition are not needed any more: it is this node's. */
  forget(pid: number): void {
    this.#waiting.delete(pid);
  }

  #wait(slice: FeedSlice, waiting: FeedSlice[] | undefined): void {
    if (waiting === undefined) {
      this.gaps++;
      this.#waiting.set(slice.pid, [slice]);
    } else {
      // The last one remembers how far there is to go.
      if (waiting.length >= LIMITS.clusterWaitingCommits) waiting.length = 0;
      waiting.push(slice);
    }
    this.#parts.look();
  }

  /** What waited of a partition goes on, as far as it joins on to the place that is reached. */
  #goOn(pid: number, partition: Partition): void {
    const waiting = this.#waiting.get(pid);
    if (waiting === undefined) return;
    this.#waiting.delete(pid);
    for (let at = 0; at < waiting.length; at++) {
      const slice = waiting[at] as FeedSlice;
      if (compareOffsets(slice.from, partition.committed) > 0) {
        this.#waiting.set(pid, waiting.slice(at));
        this.#parts.look();
        return;
      }
      if (compareOffsets(slice.to, partition.committed) > 0 || slice.gc !== undefined) this.#apply([slice]);
    }
  }

  #apply(slices: readonly Slice[]): void {
    const { table, clock, publish } = this.#parts;
    const named = (maps: readonly string[]) => maps.flatMap((name) => table.map(name) ?? []);
    const lane = table.durable;
    const changes = new Map<MapState, Change[]>();
    const touched = new Map<MapState, Set<number>>();
    const purges: Purge[] = [];
    let isChanged = false;
    for (const { pid, to, records, passed = [], isRead = false, gc } of slices) {
      const partition = lane.partition(pid);
      // Who owns it has said all there is, and goes by nobody else's word.
      if (partition.isOwn) continue;
      const maps = new Set<MapState>();
      for (const record of records) {
        const map = table.obtain(record.map);
        map.kind ??= record.kind;
        const row = Row.of(record);
        const stands = map.committed(row.item);
        if (stands !== undefined && compareOffsets(stands, row) >= 0) continue;
        clock.saw(row.t);
        const old = table.put(map, row);
        maps.add(map);
        if (map.readers === 0) continue;
        const made = changes.get(map);
        if (made === undefined) changes.set(map, [{ row, old }]);
        else made.push({ row, old });
      }
      if (compareOffsets(partition.committed, to) < 0) {
        partition.committed = to;
        isChanged = true;
      }
      for (const map of isRead ? table.maps() : named(passed))
        if (map.readers > 0) map.reached.set(pid, partition.committed);
      for (const map of maps) {
        if (map.readers === 0) continue;
        map.reached.set(pid, partition.committed);
        const pids = touched.get(map);
        if (pids === undefined) touched.set(map, new Set([pid]));
        else pids.add(pid);
      }
      const purge = gc && this.#purgeOf(partition, gc);
      if (purge === undefined) continue;
      table.purge(lane, purge);
      purges.push(purge);
    }
    if (!isChanged && purges.length === 0) return;
    publish({ ops: [], changes, touched, writers: NOBODY, meta: NOTHING, purges, lane });
  }

  /** The deletions that a purge elsewhere has taken; undefined when it is known already. */
  #purgeOf(partition: Partition, gc: GcMarks): Purge | undefined {
    const { pid, changes } = partition;
    if (compareOffsets(partition.gcOffset, gc.offset) >= 0) return undefined;
    const rows: Row[] = [];
    for (let at = partition.gcOffset; ; ) {
      const some = changes.since(at, PURGE_STEP);
      for (const row of some)
        if (row.value === undefined && compareOffsets(row, gc.offset) <= 0) rows.push(row);
      const last = some.at(-1);
      if (last === undefined || some.length < PURGE_STEP || compareOffsets(last, gc.offset) > 0) break;
      at = last;
    }
    return { pid, gc, rows };
  }

  #partition(pid: number): Partition {
    return this.#parts.table.durable.partition(pid);
  }
}

const NOBODY: ReadonlySet<never> = new Set<never>();
const NOTHING: ReadonlyMap<string, unknown> = new Map<string, unknown>();
