import {
  compareVersions,
  deepEqual,
  hashValue,
  isExpired,
  itemDigest,
  millisOf,
  PartitionedTree,
  partitionOf,
  type Version,
} from '@topgun/core';
import { OP } from '@topgun/protocol';
import { Overlay } from './Overlay.js';
import type { PendingOp } from './PendingOp.js';
import type { Kind, OrElement } from './ports.js';
import { type BaseRow, compareOffsets, counterTotal, isGone, itemOf, type Offset } from './rows.js';
import { type Entry, ShownEntries } from './ShownEntries.js';

/** What a map needs of the replica it is part of. */
export interface ReplicaPorts {
  nowMs(): number;
  /** The base row of an item changed; undefined: it left. */
  persist(map: string, item: string, row: BaseRow | undefined): void;
  /** A key may show another value. */
  changed(map: string, key: string): void;
  /** A key may change by itself at this server time; `ended` is to be called then. */
  expires(map: string, item: string, key: string, atMs: number): void;
}

const NO_ELEMENTS: readonly OrElement[] = [];
/** Server time at which a version with a time to live ends, ms. */
const endOf = ({ t, ttlMs = 0 }: Version): number => millisOf(t) + ttlMs;
const nonEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);

/**
 * One map on the device: base, what the server said (live rows only), and the overlay of pending ops. Reads merge the
 * two (DEV-1). One code for all kinds: an LWW read picks the greatest version, an OR read joins tags, a counter read adds.
 *
 * The digest tree covers base only and is brought up to date when somebody asks for a hash, so writes and followers pay
 * nothing for it. For a counter that is held back (DEV-5) it covers the row that waits: that is what the server said.
 */
export class ReplicaMap {
  readonly name: string;
  kind: Kind;
  /** Whether a resolver of the server judges the writes; undefined until the server has said (DAT-2). */
  hasResolver: boolean | undefined;
  /** Whether the server keeps the map in memory alone (SRV-10). */
  isVolatile = false;
  /** The life of the server's store in which base was last equal to it. */
  incarnation: string | undefined;
  readonly base = new Map<string, BaseRow>();
  readonly overlay = new Overlay();
  /** By counter: its answered increments, which wait for the other answers (DEV-5). */
  readonly answered = new Map<string, PendingOp[]>();
  readonly #ports: ReplicaPorts;
  /** OR: the base rows of a key, by tag. */
  readonly #tagsByKey = new Map<string, Map<string, BaseRow>>();
  readonly #elements = new Map<string, readonly OrElement[]>();
  readonly #held = new Map<string, BaseRow>();
  readonly #gone = new Map<string, Offset & { readonly pid: number }>();
  /** By key and item: rows that left base under pending ops, as long as there are any. Base itself keeps no tombstones. */
  readonly #left = new Map<string, Map<string, Version & Offset>>();
  readonly #tree = new PartitionedTree();
  readonly #stale = new Map<string, string>();
  readonly shown = new ShownEntries({
    nowMs: () => this.#ports.nowMs(),
    keys: () => this.#keys(),
    entryOf: (key) => this.#entryOf(key),
    endOf: (key, nowMs) => this.#nextEnd(key, nowMs),
  });

  constructor(name: string, kind: Kind, ports: ReplicaPorts) {
    this.name = name;
    this.kind = kind;
    this.#ports = ports;
  }

  // ── reads ──

  /**
   * The winning version of an LWW key, deletions among the pending ops included. With a resolver the latest pending op wins
   * whatever the stamps: what the server makes of it, and under which stamp, is not known here.
   */
  versionOf(key: string): Version | undefined {
    const own = this.overlay.last(key);
    if (own && this.hasResolver) return own;
    const said: Version | undefined = this.base.get(key) ?? this.#left.get(key)?.get(key);
    return said === undefined || (own && compareVersions(own, said) > 0) ? own : said;
  }

  /** What the app sees: a value, a list of elements, or a number. */
  read(key: string): unknown {
    if (this.kind === 'OR') return this.elements(key);
    if (this.kind === 'PN') return this.total(key);
    const version = this.versionOf(key);
    return version && !isExpired(version.t, version.ttlMs, this.#ports.nowMs()) ? version.value : undefined;
  }

  total(key: string): number {
    return counterTotal(this.base.get(key)) + this.overlay.delta(key);
  }

  /** Elements of an OR key in the order of their stamps; the same array until one comes or goes. */
  elements(key: string): readonly OrElement[] {
    const nowMs = this.#ports.nowMs();
    const found = new Map<string, { tag: string; value: unknown; t: number; ttlMs: number | undefined }>();
    for (const [tag, row] of this.#tagsByKey.get(key) ?? []) found.set(tag, { ...row, tag });
    const left = this.#left.get(key);
    for (const op of this.overlay.of(key)) {
      if (op.op === OP.OR_ADD) {
        if (!left?.has(itemOf(op))) found.set(op.tag, op);
      } else for (const tag of op.value as readonly string[]) found.delete(tag);
    }
    const live = [...found.values()].filter((element) => !isExpired(element.t, element.ttlMs, nowMs));
    live.sort((a, b) => a.t - b.t || (a.tag < b.tag ? -1 : 1));
    const before = this.#elements.get(key) ?? NO_ELEMENTS;
    if (live.length === before.length && live.every(({ tag }, i) => tag === before[i]?.tag)) return before;
    const elements = live.map(({ tag, value }) => ({ tag, value }));
    this.#elements.set(key, elements);
    return elements;
  }

  /** Neither the server nor this device has said anything of this map that is known here. */
  get isEmpty(): boolean {
    return this.base.size === 0 && this.overlay.isEmpty;
  }

  /** Visible keys and values; the same array until something visible changed. */
  entries(): readonly Entry[] {
    return this.shown.list();
  }

  /** Whether the server holds a row for a query, or an own write on its key may yet change that. */
  isHeldFor(query: string, row: { readonly key: string; readonly tag?: string | undefined }): boolean {
    return this.overlay.has(row.key) || (this.base.get(itemOf(row))?.holds.includes(query) ?? false);
  }

  /** What the entry of a key holds; undefined for a key without one. */
  #entryOf(key: string): unknown {
    if (this.kind === 'OR') return nonEmpty(this.elements(key));
    return this.base.has(key) || this.overlay.has(key) ? this.read(key) : undefined;
  }

  *#keys(): Iterable<string> {
    yield* this.kind === 'OR' ? this.#tagsByKey.keys() : this.base.keys();
    yield* this.overlay.keys();
  }

  #nextEnd(key: string, nowMs: number): number | undefined {
    const said = this.base.get(key);
    const own = this.overlay.last(key);
    // Of all keys but those of OR maps these two are all there is, and few have a time to live.
    if (this.kind !== 'OR' && !said?.ttlMs && !own?.ttlMs) return undefined;
    const versions = [...(this.#tagsByKey.get(key)?.values() ?? [said]), ...this.overlay.of(key)];
    let endMs: number | undefined;
    for (const version of versions) {
      if (!version?.ttlMs) continue;
      const at = endOf(version);
      endMs = Math.min(endMs ?? Number.POSITIVE_INFINITY, at > nowMs ? at : Number.POSITIVE_INFINITY);
    }
    return endMs;
  }

  // ── overlay ──

  addOp(op: PendingOp): void {
    this.#show(op.key, () => this.overlay.add(op));
    this.shown.touch(op.key);
    this.#watchEnd(op);
  }

  removeOp(op: PendingOp): void {
    this.#show(op.key, () => {
      if (this.overlay.remove(op)) this.#left.delete(op.key);
    });
    this.shown.touch(op.key);
  }

  /** The server, or the store, says how the server treats this map; false when that was known. */
  treated(hasResolver: boolean, isVolatile: boolean): boolean {
    if (this.hasResolver === hasResolver && this.isVolatile === isVolatile) return false;
    this.hasResolver = hasResolver;
    this.isVolatile = isVolatile;
    for (const key of this.overlay.keys()) this.touch(key);
    return true;
  }

  // ── base ──

  /** The server's latest word about an item, whether it shows or is held back. */
  known(item: string): BaseRow | undefined {
    return this.#held.get(item) ?? this.base.get(item);
  }

  /** Takes a row from the server if nothing newer is known of its item (offset rule of the client contract). */
  accept(row: BaseRow): void {
    const item = itemOf(row);
    const known = this.known(item);
    const gone = this.#gone.get(item);
    if (known && compareOffsets(row, known) <= 0) return;
    if (gone && compareOffsets(row, gone) <= 0) return;
    if (isGone(row)) this.#noteLeft(row);
    this.put(item, isGone(row) ? undefined : known?.holds.length ? { ...row, holds: known.holds } : row);
  }

  /** Whether an item left base at this offset or a later one, while its key had the pending ops it has. */
  hasLeft(row: BaseRow): boolean {
    const noted = this.#left.get(row.key)?.get(itemOf(row));
    return noted !== undefined && compareOffsets(row, noted) <= 0;
  }

  /**
   * An own write without an answer that is older than a removed row, or than the removal, has lost: it must not show through where the
   * row was, nor come back with its answer. A follower learns of the row alone.
   */
  #noteLeft(row: BaseRow): void {
    const { key, t, node, epoch, n } = row;
    if (this.kind === 'PN' || !this.overlay.has(key)) return;
    const noted = this.#left.get(key) ?? new Map<string, Version & Offset>();
    this.#left.set(key, noted);
    const item = itemOf(row);
    const before = noted.get(item);
    if (before && compareOffsets(row, before) <= 0) return;
    this.#show(key, () => noted.set(item, { t, node, value: undefined, epoch, n }));
  }

  /** Sets an item whatever was known of it. A counter row with an own sent, unanswered increment waits (DEV-5). */
  put(item: string, row: BaseRow | undefined): void {
    if (row && this.kind === 'PN' && this.overlay.of(row.key).some((op) => op.isSent)) {
      this.#held.set(item, row);
      this.#stale.set(item, row.key);
      return;
    }
    this.#keep(item, row);
  }

  #keep(item: string, row: BaseRow | undefined): void {
    this.#held.delete(item);
    if (row === this.base.get(item)) return;
    this.load(item, row);
    this.#ports.persist(this.name, item, this.base.get(item));
  }

  /** Whether the server has said something that base does not have yet. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** Shows the row a counter held back, if any. The caller removes the answered increments in the same step. */
  release(key: string): void {
    const row = this.#held.get(key);
    if (row) this.#keep(key, row);
  }

  /**
   * Adds answered increments of a counter to its base row, which the server's own row replaces once it may show (DEV-5): what the server
   * has said of a counter may hold sent increments that are not answered yet, these alone do not.
   */
  absorb(key: string, increments: readonly PendingOp[]): void {
    const known = this.known(key);
    if (!known) return;
    const row = this.base.get(key) ?? { ...known, epoch: 0, n: 0, value: [0, 0] };
    // The value of a COUNTER row is [positiveTotal, negativeTotal].
    const [plus, minus] = row.value as readonly [number, number];
    const deltas = increments.map((op) => op.value as number);
    const sum = (of: (delta: number) => number): number =>
      deltas.reduce((total, delta) => total + of(delta), 0);
    const value = [plus + sum((delta) => Math.max(delta, 0)), minus + sum((delta) => Math.max(-delta, 0))];
    this.load(key, { ...row, value });
    this.#ports.persist(this.name, key, this.base.get(key));
  }

  /** Remembers that an item went at this offset although the scope has not come that far (ahead mark, DEV-4). */
  markGone(item: string, pid: number, offset: Offset): void {
    this.#gone.set(item, { pid, epoch: offset.epoch, n: offset.n });
  }

  /** Drops the marks that a scope has passed. */
  passed(pid: number, to: Offset): void {
    for (const [item, mark] of this.#gone) {
      if (mark.pid === pid && compareOffsets(mark, to) <= 0) this.#gone.delete(item);
    }
  }

  /** Takes a base row as the store has it. */
  load(item: string, row: BaseRow | undefined): void {
    const before = this.base.get(item);
    const key = (row ?? before)?.key;
    if (key === undefined) return;
    if (!row && before) this.#noteLeft(before);
    // The echo of an own write is the same value: keep the object that readers already hold.
    const shown = row && this.kind === 'LWW' ? this.versionOf(row.key)?.value : undefined;
    const kept = row && shown !== row.value && deepEqual(shown, row.value) ? { ...row, value: shown } : row;
    const isHeldOtherwise = before?.holds !== row?.holds && before?.holds.join() !== row?.holds.join();
    this.#show(key, () => this.#set(item, key, kept), this.kind === 'OR' || isHeldOtherwise);
    this.#stale.set(item, key);
    if (row) this.#watchEnd(row);
  }

  #watchEnd({ key, t, node, value, ttlMs, tag }: PendingOp | BaseRow): void {
    const item = this.kind === 'OR' ? itemOf({ key, tag }) : key;
    if (ttlMs) this.#ports.expires(this.name, item, key, endOf({ t, node, value, ttlMs }));
  }

  /** The time of a version is over; the one that shows may end later. */
  ended(key: string): void {
    this.touch(key);
    const version = this.kind === 'LWW' ? this.versionOf(key) : undefined;
    if (!version?.ttlMs || endOf(version) <= this.#ports.nowMs()) return;
    this.#ports.expires(this.name, key, key, endOf(version));
  }

  #set(item: string, key: string, row: BaseRow | undefined): void {
    const tag = (row ?? this.base.get(item))?.tag;
    if (row) this.base.set(item, row);
    else this.base.delete(item);
    if (tag === undefined) return;
    const tags = this.#tagsByKey.get(key) ?? new Map<string, BaseRow>();
    this.#tagsByKey.set(key, tags);
    if (row) tags.set(tag, row);
    else tags.delete(tag);
    if (tags.size === 0) this.#tagsByKey.delete(key);
  }

  /** Changes something and announces the key unless the app cannot see a difference, here or in a query. */
  #show(key: string, change: () => void, isSurelySeen = this.kind === 'OR'): void {
    const before = isSurelySeen ? undefined : this.read(key);
    change();
    if (isSurelySeen || this.read(key) !== before) this.touch(key);
  }

  /** Announces a key, and drops what was cached of it. */
  touch(key: string): void {
    this.shown.touch(key);
    this.#ports.changed(this.name, key);
  }

  /** What only the uploader knows is dropped: this realm no longer follows the server itself. */
  forgetServer(): void {
    for (const item of this.#held.keys()) this.#stale.set(item, item);
    this.#held.clear();
    this.#gone.clear();
    this.answered.clear();
  }

  // ── digests ──

  /** The digest tree over base as it is now. */
  tree(): PartitionedTree {
    for (const [item, key] of this.#stale) {
      const row = this.known(item);
      const pid = partitionOf(key);
      if (row)
        this.#tree.update(
          pid,
          item,
          itemDigest(key, row.t, row.node, row.ttlMs, hashValue(row.value), row.tag),
        );
      else this.#tree.remove(pid, item);
    }
    this.#stale.clear();
    return this.#tree;
  }
}
