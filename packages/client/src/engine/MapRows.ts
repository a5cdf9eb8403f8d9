import type { QuerySpec, RowSource, RowView } from '@topgun/core';
import type { OrElement } from './ports.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { itemOf } from './rows.js';
import type { Entry } from './ShownEntries.js';

/** One row of a query: for OR maps one per (key, tag). */
export interface ResultRow {
  readonly key: string;
  readonly value: unknown;
  readonly tag?: string;
}

/** Hears of a row: what it held and holds, undefined for none; the same twice where only those who hold it may be others. */
export type RowFollower = (id: string, before: unknown, now: unknown) => void;

/** Finds the rows of a map, told of every change of them. core's `IndexSet` is one. */
export interface RowFinder {
  changed(id: string, before: unknown, now: unknown): void;
  run(spec: QuerySpec, view?: RowView<unknown>): Iterable<readonly [id: string, value: unknown]>;
}

const NO_ELEMENTS: readonly OrElement[] = [];

/**
 * The rows of one map as queries see them, each under its item as on the server: the key, of OR maps, where each element is a row, key
 * and tag. They are brought up to date by `look`, which tells the follower.
 */
export class MapRows implements RowSource<unknown> {
  readonly map: ReplicaMap;
  readonly #follower: RowFollower;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #elements = new Map<string, ResultRow>();

  constructor(map: ReplicaMap, follower: RowFollower) {
    this.map = map;
    this.#follower = follower;
    map.shown.follower = undefined;
    this.#entries = map.shown.look();
    if (map.kind === 'OR')
      for (const [key, elements] of this.#entries.values())
        for (const element of elements as readonly OrElement[])
          this.#elements.set(itemOf({ key, tag: element.tag }), { key, ...element });
    map.shown.follower = (key, before, now) => {
      if (map.kind === 'OR') this.#elementsChanged(key, before, now);
      else follower(key, before, now);
    };
  }

  /** Takes in what has changed. */
  look(): void {
    this.map.shown.look();
  }

  /** The follower hears nothing any more. */
  end(): void {
    this.map.shown.follower = undefined;
  }

  get size(): number {
    return this.map.kind === 'OR' ? this.#elements.size : this.#entries.size;
  }

  get(id: string): unknown {
    return this.map.kind === 'OR' ? this.#elements.get(id)?.value : this.#entries.get(id)?.[1];
  }

  entries(): Iterable<readonly [id: string, value: unknown]> {
    return this.map.kind === 'OR' ? valuesOf(this.#elements) : this.#entries.values();
  }

  /** The row of this name with this value. */
  row(id: string, value: unknown): ResultRow {
    return this.#elements.get(id) ?? { key: id, value };
  }

  /** Whether the server holds a row for a query, or an own write on its key may yet change that. */
  isHeldFor(query: string, id: string): boolean {
    return this.map.isHeldFor(query, this.#elements.get(id) ?? { key: id });
  }

  #elementsChanged(key: string, before: unknown, now: unknown): void {
    const left = new Map<string, unknown>();
    for (const { tag, value } of (before ?? NO_ELEMENTS) as readonly OrElement[])
      left.set(itemOf({ key, tag }), value);
    for (const element of (now ?? NO_ELEMENTS) as readonly OrElement[]) {
      const id = itemOf({ key, tag: element.tag });
      this.#elements.set(id, { key, ...element });
      this.#follower(id, left.get(id), element.value);
      left.delete(id);
    }
    for (const [id, value] of left) {
      this.#elements.delete(id);
      this.#follower(id, value, undefined);
    }
  }
}

function* valuesOf(rows: ReadonlyMap<string, ResultRow>): Iterable<readonly [id: string, value: unknown]> {
  for (const [id, { value }] of rows) yield [id, value];
}
