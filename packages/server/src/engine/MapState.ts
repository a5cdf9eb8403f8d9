import type { Kind } from '@topgun/protocol';
import type { Offset } from '../storage/Store.js';
import { ChangeChain } from './ChangeChain.js';
import { MapIndexes, type QuerySetup } from './indexes/MapIndexes.js';
import type { Lane } from './Lane.js';
import { LiveTree } from './LiveTree.js';
import type { Op } from './Op.js';
import { type Row, Slot } from './Row.js';
import type { MapResolver } from './resolvers/Resolvers.js';

/** A committed change of one item: what stands now, and what stood before. */
export interface Change {
  readonly row: Row;
  readonly old: Row | undefined;
}

/**
 * One map in memory: what is durable, and above it what is being flushed and what waits for the next flush. Decisions
 * about writes look through all three; everything that leaves the node looks at committed rows alone (SRV-1).
 */
export class MapState {
  readonly name: string;
  /** what its offsets are those of */
  readonly lane: Lane;
  /** who judges its writes; undefined = plain last-write-wins */
  readonly resolver: MapResolver | undefined;
  /** unknown until the first write; then for ever (DAT-2) */
  kind: Kind | undefined;
  /** whether the meta record with kind and resolver is durable */
  isFounded = false;
  /** the meta record that is durable, as far as is known */
  known: unknown;
  /** view groups and queries on it; a name that nobody wrote to lives as long as somebody looks at it */
  readers = 0;
  /** ops that wait until the meta record is durable */
  parked: Op[] = [];
  /** the last offset an op of this map took, by partition, as far as somebody looked at the map then */
  readonly reached = new Map<number, Offset>();
  /** digests of everything, unmasked */
  readonly tree: LiveTree;
  /** of what is committed */
  readonly indexes: MapIndexes;
  readonly #slots = new Map<string, Slot>();
  readonly #chains = new Map<number, ChangeChain>();
  /** rows that wait for the next flush, and rows being flushed: one per item each */
  #open: Row[] = [];
  #inFlight: Row[] = [];
  /** number of the next flush */
  #flush = 1;

  constructor(
    name: string,
    lane: Lane,
    resolver: MapResolver | undefined,
    dirtyItems: number,
    queries: QuerySetup,
  ) {
    this.name = name;
    this.lane = lane;
    this.resolver = resolver;
    this.tree = new LiveTree(dirtyItems);
    this.indexes = new MapIndexes(this, queries);
  }

  /** The row a write meets: staged before committed. */
  current(item: string): Row | undefined {
    const slot = this.#slots.get(item);
    return slot && (slot.staged ?? slot.committed);
  }

  /** Items that are kept, gone ones included. */
  get items(): number {
    return this.#slots.size;
  }

  /** The durable row of an item. */
  committed(item: string): Row | undefined {
    return this.#slots.get(item)?.committed;
  }

  /** The durable rows of all items. */
  *rows(): IterableIterator<Row> {
    for (const { committed } of this.#slots.values()) if (committed !== undefined) yield committed;
  }

  /** The durable rows of a partition that changed after an offset, by rising offset, tombstones included. */
  changesIn(pid: number, after: Offset): readonly Row[] {
    return this.#chains.get(pid)?.since(after) ?? [];
  }

  /** Puts a row on top of its item, to go with the next flush instead of one that waits for it. */
  stage(row: Row): void {
    const slot = this.#slotOf(row);
    const below = slot.staged;
    const isOpen = below !== undefined && below.flush === this.#flush;
    row.flush = this.#flush;
    row.place = isOpen ? below.place : this.#open.length;
    this.#open[row.place] = row;
    slot.staged = row;
  }

  /** Everything staged is being flushed from now on. */
  flush(): readonly Row[] {
    this.#inFlight = this.#open;
    this.#open = [];
    this.#flush++;
    return this.#inFlight;
  }

  /** The flush is durable: its rows, which are to be committed one by one. */
  flushed(): readonly Row[] {
    const rows = this.#inFlight;
    this.#inFlight = [];
    return rows;
  }

  /** Takes back everything that is not durable. */
  discard(): void {
    for (const row of [...this.#inFlight, ...this.#open]) {
      const slot = this.#slotOf(row);
      slot.staged = undefined;
      if (slot.committed === undefined) this.#slots.delete(slot.item);
    }
    this.#inFlight = [];
    this.#open = [];
  }

  /** Takes back what waits for the next flush in some partitions. */
  discardOpen(isAbout: (pid: number) => boolean): void {
    const open = this.#open;
    this.#open = [];
    for (const row of open) {
      if (!isAbout(row.pid)) {
        row.place = this.#open.length;
        this.#open.push(row);
        continue;
      }
      const slot = this.#slotOf(row);
      slot.staged = this.#inFlight.find((other) => other.slot === slot);
      if (slot.staged === undefined && slot.committed === undefined) this.#slots.delete(slot.item);
    }
  }

  /** Makes a durable row the current one; returns the one before. */
  commit(row: Row): Row | undefined {
    const slot = this.#slotOf(row);
    const old = slot.committed;
    slot.committed = row;
    if (slot.staged === row) slot.staged = undefined;
    this.#chainOf(row.pid).note(slot, row);
    this.indexes.changed(row.item, old, row);
    return old;
  }

  /** Lets go of a purged row; false when another one stands there by now. */
  drop(row: Row): boolean {
    const { slot } = row;
    if (slot?.committed !== row) return false;
    slot.committed = undefined;
    this.#chainOf(row.pid).drop(slot);
    if (slot.staged === undefined) this.#slots.delete(slot.item);
    return true;
  }

  #chainOf(pid: number): ChangeChain {
    let chain = this.#chains.get(pid);
    if (chain === undefined) {
      chain = new ChangeChain();
      this.#chains.set(pid, chain);
    }
    return chain;
  }

  #slotOf(row: Row): Slot {
    if (row.slot !== undefined) return row.slot;
    let slot = this.#slots.get(row.item);
    if (slot === undefined) {
      slot = new Slot(row.item);
      this.#slots.set(row.item, slot);
    }
    row.slot = slot;
    return slot;
  }
}
