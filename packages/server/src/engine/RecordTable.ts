import { hashString, type IndexSpec, type QueryPorts } from '@topgun/core';
import type { Kind } from '@topgun/protocol';
import { KINDS, LIMITS } from '@topgun/protocol';
import { epochLeapAt } from '../storage/epochLeap.js';
import type { StoreBoot, StoredRecord } from '../storage/Store.js';
import type { IndexBuilder } from './indexes/IndexBuilder.js';
import { Lane } from './Lane.js';
import { MapState } from './MapState.js';
import type { Purge } from './Purge.js';
import { Row } from './Row.js';
import type { MapResolver, Resolvers } from './resolvers/Resolvers.js';

/** Meta records named so hold the kind of a map. */
const MAP_PREFIX = 'map:';

export const mapMetaName = (map: string): string => MAP_PREFIX + map;

/** The map that a meta record is about, if it is about one. */
export const mapOfMetaName = (name: string): string | undefined =>
  name.startsWith(MAP_PREFIX) ? name.slice(MAP_PREFIX.length) : undefined;

export interface TableParts {
  readonly resolvers: Resolvers;
  readonly builder: IndexBuilder;
  readonly dirtyItems: number;
  readonly now: number;
  readonly isVolatile?: (map: string) => boolean;
  readonly indexesOf?: (map: string) => readonly IndexSpec[];
  readonly queryPorts?: QueryPorts;
  /** other nodes have the same store */
  readonly isShared?: boolean;
  readonly nodeId?: string;
}

/** Everything the node holds: maps by name, and the lanes that they are kept in. */
export class RecordTable {
  /** Of every change made from now on; greater than all before (RES-1). */
  #epoch: number;
  #renewedAtMs: number;
  /** of maps that the store keeps */
  readonly durable: Lane;
  /** of maps that memory alone keeps (SRV-10) */
  readonly volatile: Lane;
  readonly #maps = new Map<string, MapState>();
  readonly #parts: TableParts;
  #records = 0;

  constructor(boot: StoreBoot, parts: TableParts) {
    const { now: nowMs } = parts;
    this.#parts = parts;
    let last = 0;
    for (const { epoch } of boot.partitions.values()) if (epoch > last) last = epoch;
    // In the time that is missing, epochs may have been given out by a clock that went before this one.
    this.#epoch = Math.max(last + 1, nowMs) + (boot.renewedFrom === undefined ? 0 : epochLeapAt(nowMs));
    this.#renewedAtMs = boot.renewedAtMs ?? 0;
    this.durable = new Lane(boot, this.#epoch, parts.isShared !== true);
    this.volatile = new Lane(undefined, this.#epoch, true);
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

  /** Part of names that are given here: an epoch is of one start alone, and above all that the store has seen; of nodes two may have the same. */
  get mark(): string {
    const epoch = this.#epoch.toString(36);
    const { isShared, nodeId = '' } = this.#parts;
    return isShared ? `${epoch}_${hashString(nodeId).toString(36)}` : epoch;
  }

  /** Begins an epoch above all of this store and above `seen`, one of a time that the store has lost. Nothing may be staged. */
  raiseEpoch(seen: number, nowMs: number): void {
    this.#epoch = Math.max(this.#epoch, seen, nowMs) + epochLeapAt(nowMs);
    this.#renewedAtMs = nowMs;
    this.#begin(true);
  }

  /**
   * Begins an epoch in the middle of things (RES-1). Offsets go on counting in it: a partition that has staged rows of the
   * epoch before stands at a place of the new one that no row has, which is a hole like any other.
   */
  nextEpoch(nowMs: number): number {
    this.#epoch = Math.max(this.#epoch + 1, nowMs);
    this.#begin(false);
    return this.#epoch;
  }

  #begin(isAnew: boolean): void {
    for (const { partitions } of [this.durable, this.volatile])
      for (const partition of partitions) {
        // In a cluster the epoch of a partition is that of its ownership, and no node begins one by itself (CLU-15).
        if (!this.#parts.isShared) partition.epoch = this.#epoch;
        if (isAnew) partition.staged = 0;
      }
  }

  get mapCount(): number {
    return this.#maps.size;
  }

  /** Maps that somebody wrote to; O(maps). */
  countBegun(): number {
    let count = 0;
    for (const { kind } of this.#maps.values()) if (kind !== undefined) count++;
    return count;
  }

  /** Records in memory, tombstones included. */
  get records(): number {
    return this.#records;
  }

  map(name: string): MapState | undefined {
    return this.#maps.get(name);
  }

  /** All that were ever written to, and those that somebody looks at. */
  maps(): IterableIterator<MapState> {
    return this.#maps.values();
  }

  /** Where a map is kept, also one that nobody wrote to yet. */
  laneOf(name: string): Lane {
    return this.#maps.get(name)?.lane ?? (this.#isVolatile(name) ? this.volatile : this.durable);
  }

  /** Who judges the writes to a map, also to one that nobody wrote to yet. */
  resolverOf(name: string): MapResolver | undefined {
    const map = this.#maps.get(name);
    return map === undefined ? this.#parts.resolvers.of(name) : map.resolver;
  }

  /** The map of this name, made when nobody wrote to it yet. */
  obtain(name: string): MapState {
    let map = this.#maps.get(name);
    if (map === undefined) {
      map = this.#made(name, this.#isVolatile(name));
    }
    return map;
  }

  /** Declared indexes of all maps, and those that are not complete. */
  indexCounts(): { readonly indexes: number; readonly indexesBuilding: number } {
    let indexes = 0;
    let indexesBuilding = 0;
    for (const map of this.#maps.values()) {
      for (const { isComplete } of map.indexes.status().indexes) {
        indexes++;
        if (!isComplete) indexesBuilding++;
      }
    }
    return { indexes, indexesBuilding };
  }

  /** The map for somebody who looks at it; to be given back by `release`. */
  hold(name: string): MapState {
    const map = this.obtain(name);
    map.readers++;
    return map;
  }

  release(map: MapState): void {
    map.readers--;
    if (map.readers > 0 || map.kind !== undefined) return;
    this.#maps.delete(map.name);
    this.#parts.builder.remove(map);
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
    const { lane } = map;
    lane.partition(row.pid).changes.append(row, old !== undefined);
    lane.expiries.add(row);
    lane.isChanged = true;
    if (old === undefined) this.#records++;
    return old;
  }

  /** A purge of a lane is committed: its deletions go, and the marks judge in their place. */
  purge(lane: Lane, purge: Purge): void {
    for (const row of purge.rows) {
      if (this.map(row.map)?.drop(row) !== true) continue;
      lane.partition(purge.pid).changes.dropped();
      this.#records--;
    }
    lane.purged(purge);
  }

  #isVolatile(name: string): boolean {
    return this.#parts.isVolatile?.(name) === true;
  }

  /** Another node has decided what a map is. */
  followed(name: string, value: unknown): void {
    const kind = kindIn(value);
    if (kind === undefined) return;
    const map = this.obtain(name);
    map.kind = kind;
    map.known = value;
    map.isFounded = resolverIn(value) === map.resolver?.name;
  }

  #found(name: string, value: unknown): void {
    const kind = kindIn(value);
    if (kind === undefined) return;
    // What the store keeps stays there, whatever the configuration says by now; what it does not keep may move in.
    const wasVolatile = isVolatileIn(value);
    const map = this.#made(name, wasVolatile && this.#isVolatile(name));
    map.kind = kind;
    map.known = value;
    // Under another policy than the one on record, ops wait until the record names the new one.
    map.isFounded = resolverIn(value) === map.resolver?.name && map.lane.isVolatile === wasVolatile;
  }

  #made(name: string, isVolatile: boolean): MapState {
    const lane = isVolatile ? this.volatile : this.durable;
    const { resolvers, dirtyItems, indexesOf, queryPorts: ports, builder } = this.#parts;
    const indexes = indexesOf?.(name) ?? [];
    const map = new MapState(name, lane, resolvers.of(name), dirtyItems, { indexes, ports });
    this.#maps.set(name, map);
    if (indexes.length > 0) builder.add(map);
    return map;
  }
}

/** The meta record of a map. */
export function metaOf({ kind, resolver, lane }: MapState): unknown {
  return {
    kind,
    ...(resolver && { resolver: resolver.name }),
    ...(lane.isVolatile && { volatile: true }),
  };
}

function isVolatileIn(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'volatile' in value && value.volatile === true;
}

function resolverIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'resolver' in value ? value.resolver : undefined;
}

function kindIn(value: unknown): Kind | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  return KINDS.find((kind) => kind === value.kind);
}
