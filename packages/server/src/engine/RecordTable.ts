import { PARTITION_COUNT } from '@topgun/core';
import type { Kind } from '@topgun/protocol';
import { KINDS, LIMITS } from '@topgun/protocol';
import { mergeGc } from '../storage/gcMarks.js';
import type { StoreBoot, StoredRecord } from '../storage/Store.js';
import { ChangeIndex } from './ChangeIndex.js';
import { Expiries } from './Expiries.js';
import { MapState } from './MapState.js';
import { Partition, START } from './Partition.js';
import type { Purge } from './Purge.js';
import { Row } from './Row.js';
import type { MapResolver, Resolvers } from './resolvers/Resolvers.js';

/** Meta records named so hold the kind of a map. */
const MAP_PREFIX = 'map:';

export const mapMetaName = (map: string): string => MAP_PREFIX + map;

/** The map that a meta record is about, if it is about one. */
export const mapOfMetaName = (name: string): string | undefined =>
  name.startsWith(MAP_PREFIX) ? name.slice(MAP_PREFIX.length) : undefined;

/** Everything the node holds: maps by name, partitions by number, and where each stands. */
export class RecordTable {
  /** Of every change made from now on; greater than all before (RES-1). */
  #epoch: number;
  #renewedAtMs: number;
  readonly partitions: readonly Partition[];
  /** committed rows that end by themselves */
  readonly expiries = new Expiries();
  /** rows were committed since this was last set to false */
  isChanged = false;
  readonly #maps = new Map<string, MapState>();
  readonly #dirtyItems: number;
  readonly #resolvers: Resolvers;
  #records = 0;

  constructor(boot: StoreBoot, resolvers: Resolvers, nowMs: number, dirtyItems: number) {
    this.#resolvers = resolvers;
    this.#dirtyItems = dirtyItems;
    let last = 0;
    for (const { epoch } of boot.partitions.values()) if (epoch > last) last = epoch;
    // In the time that is missing, epochs may have been given out by a clock that went before this one.
    this.#epoch = Math.max(last + 1, nowMs) + (boot.renewedFrom === undefined ? 0 : LIMITS.epochLeapMs);
    this.#renewedAtMs = boot.renewedAtMs ?? 0;
    this.partitions = Array.from({ length: PARTITION_COUNT }, (_, pid) => {
      return new Partition(pid, boot.partitions.get(pid) ?? START, new ChangeIndex(), boot.gc.get(pid));
    });
    for (const [metaName, value] of boot.meta) {
      const name = mapOfMetaName(metaName);
      if (name !== undefined) this.#found(name, value);
    }
  }

  /** Ops stamped before this time, ms, may be sent again: the store has lost time that they fell into. 0 when it has lost none. */
  get againBeforeMs(): number {
    return this.#renewedAtMs === 0 ? 0 : this.#renewedAtMs + LIMITS.skewMs;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Begins an epoch above all of this store and above `seen`, one of a time that the store has lost. Nothing may be staged. */
  raiseEpoch(seen: number, nowMs: number): void {
    this.#epoch = Math.max(this.#epoch, seen, nowMs) + LIMITS.epochLeapMs;
    this.#renewedAtMs = nowMs;
    for (const partition of this.partitions) partition.staged = 0;
  }

  /**
   * Begins an epoch in the middle of things (RES-1). Offsets go on counting in it: a partition that has staged rows of the
   * epoch before stands at a place of the new one that no row has, which is a hole like any other.
   */
  nextEpoch(nowMs: number): number {
    this.#epoch = Math.max(this.#epoch + 1, nowMs);
    return this.#epoch;
  }

  get mapCount(): number {
    return this.#maps.size;
  }

  /** Records in memory, tombstones included. */
  get records(): number {
    return this.#records;
  }

  map(name: string): MapState | undefined {
    return this.#maps.get(name);
  }

  /** Who judges the writes to a map, also to one that nobody wrote to yet. */
  resolverOf(name: string): MapResolver | undefined {
    const map = this.#maps.get(name);
    return map === undefined ? this.#resolvers.of(name) : map.resolver;
  }

  /** The map of this name, made when nobody wrote to it yet. */
  obtain(name: string): MapState {
    let map = this.#maps.get(name);
    if (map === undefined) {
      map = new MapState(name, this.#resolvers.of(name), this.#dirtyItems);
      this.#maps.set(name, map);
    }
    return map;
  }

  /** The map for somebody who looks at it; to be given back by `release`. */
  hold(name: string): MapState {
    const map = this.obtain(name);
    map.readers++;
    return map;
  }

  release(map: MapState): void {
    map.readers--;
    if (map.readers === 0 && map.kind === undefined) this.#maps.delete(map.name);
  }

  partition(pid: number): Partition {
    // 0..270: made by partitionOf, or checked by the guard of the protocol.
    return this.partitions[pid] as Partition;
  }

  /** Takes in a record that the store holds. */
  load(record: StoredRecord): void {
    const map = this.obtain(record.map);
    map.kind ??= record.kind;
    this.put(map, Row.of(record));
  }

  /** Makes a durable row the current one; returns the one before. */
  put(map: MapState, row: Row): Row | undefined {
    const old = map.commit(row);
    map.tree.touch(row);
    this.partition(row.pid).changes.append(row, old !== undefined);
    this.expiries.add(row);
    this.isChanged = true;
    if (old === undefined) this.#records++;
    return old;
  }

  /** A purge is durable: its deletions go, and the marks judge in their place. */
  purge({ pid, gc, rows }: Purge): void {
    const partition = this.partition(pid);
    for (const row of rows) {
      if (this.map(row.map)?.drop(row) !== true) continue;
      partition.changes.dropped();
      this.#records--;
    }
    partition.gc = mergeGc(partition.gc, gc);
  }

  #found(name: string, value: unknown): void {
    const kind = kindIn(value);
    if (kind === undefined) return;
    const map = this.obtain(name);
    map.kind = kind;
    // Under another resolver than the one on record, ops wait until the record names the new one.
    map.isFounded = resolverIn(value) === map.resolver?.name;
  }
}

/** The meta record of a map. */
export function metaOf({ kind, resolver }: MapState): unknown {
  return resolver === undefined ? { kind } : { kind, resolver: resolver.name };
}

function resolverIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'resolver' in value ? value.resolver : undefined;
}

function kindIn(value: unknown): Kind | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  return KINDS.find((kind) => kind === value.kind);
}
