import { deepEqual, isPlain } from '@topgun/core';
import type { QueryRow as EngineRow } from '../engine/RealmEngine.js';
import { type RowStep, step } from '../engine/rowSteps.js';

/** What a value looks like as a row: its fields, or `value` for what has none. */
type RowFields<T> = T extends readonly unknown[] | Date | Uint8Array
  ? { readonly value: T }
  : T extends object
    ? T
    : { readonly value: T };

/** A row of a query: the value's fields and its key; a value that is no plain object stands under `value`. */
export type Row<T> = RowFields<T> & {
  readonly _key: string;
  /** In OR maps, where a key has several values: which of them. */
  readonly _tag?: string;
};

/** One difference between two results of a query. `value` is absent for a removal, `previousValue` for an addition. */
export interface ChangeEvent<T> {
  readonly type: 'add' | 'update' | 'remove';
  readonly key: string;
  readonly value?: Row<T>;
  readonly previousValue?: Row<T>;
}

/** A row as the engine holds it and as the app sees it. */
export interface Kept<T> {
  readonly value: unknown;
  readonly row: Row<T>;
}

/** What a row was and what it is; undefined: not there. */
export interface RowChange<T> {
  readonly before: Kept<T> | undefined;
  readonly now: Kept<T> | undefined;
}

const idOf = (row: Pick<EngineRow, 'key' | 'tag'>): string =>
  row.tag === undefined ? row.key : `${row.key}\0${row.tag}`;

/**
 * Turns the engine's rows into the app's, keeping the object of every row whose value is still equal, and the array when no row
 * changed or moved: what is rendered from a row is rendered again only if the row changed.
 */
export class QueryRows<T> {
  #kept = new Map<string, Kept<T>>();
  #rows: Row<T>[] = [];
  /** Somebody has `#rows` and may keep it: it is copied before the next step. */
  #isGiven = false;
  /** Rises whenever rows change or move. */
  revision = 0;

  /** The same array until a row changes or moves. */
  get rows(): readonly Row<T>[] {
    this.#isGiven = true;
    return this.#rows;
  }

  /** Takes in a result and returns how it differs from the last; empty when only the order changed or nothing did. */
  update(result: readonly EngineRow[]): readonly RowChange<T>[] {
    const before = this.#kept;
    const kept = new Map<string, Kept<T>>();
    const changes: RowChange<T>[] = [];
    const rows = result.map((found) => {
      const id = idOf(found);
      const old = before.get(id);
      const now = keptAs(old, found);
      kept.set(id, now);
      if (old !== now) changes.push({ before: old, now });
      return now.row;
    });
    for (const [id, old] of before) {
      if (!kept.has(id)) changes.push({ before: old, now: undefined });
    }
    this.#kept = kept;
    if (!isSame(rows, this.#rows)) this.#show(rows);
    return changes;
  }

  /** Takes in the steps from the last result to the next, at the cost of those; like `update` otherwise. */
  follow(steps: readonly RowStep[]): readonly RowChange<T>[] {
    const before = new Map<string, Kept<T> | undefined>();
    const given = this.#isGiven ? this.#rows : undefined;
    const rows = given ? [...given] : this.#rows;
    for (const one of steps) {
      const id = idOf(one.row);
      if (!before.has(id)) before.set(id, this.#kept.get(id));
      const now = keptAs(before.get(id), one.row);
      if (one.at === undefined) this.#kept.delete(id);
      else this.#kept.set(id, now);
      step(rows, one, now.row);
    }
    const changes = [...before].flatMap(([id, old]) => {
      const now = this.#kept.get(id);
      return old === now ? [] : [{ before: old, now }];
    });
    // Another row makes another result: only where rows may just have moved, and back, all are compared.
    if (changes.length > 0 || !given || !isSame(rows, given)) this.#show(rows);
    return changes;
  }

  /** The value that a row was made of. */
  valueOf({ _key: key, _tag: tag }: Row<T>): unknown {
    return this.#kept.get(idOf({ key, ...(tag !== undefined && { tag }) }))?.value;
  }

  /** All rows, as if they came now. */
  all(): readonly RowChange<T>[] {
    return [...this.#kept.values()].map((now) => ({ before: undefined, now }));
  }

  #show(rows: Row<T>[]): void {
    if (rows !== this.#rows) this.#isGiven = false;
    this.#rows = rows;
    this.revision++;
  }
}

const isSame = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((row, i) => row === b[i]);

/** What is known of a row if its value is still equal. */
const keptAs = <T>(old: Kept<T> | undefined, found: EngineRow): Kept<T> =>
  old !== undefined && deepEqual(old.value, found.value) ? old : { value: found.value, row: toRow<T>(found) };

/** A change as the app hears of it. */
export function eventOf<T>({ before, now }: RowChange<T>): ChangeEvent<T> {
  const key = (now ?? before)?.row._key ?? '';
  if (!now) return { type: 'remove', key, ...(before && { previousValue: before.row }) };
  return before
    ? { type: 'update', key, value: now.row, previousValue: before.row }
    : { type: 'add', key, value: now.row };
}

function toRow<T>({ key, value, tag }: EngineRow): Row<T> {
  const fields = isPlain(value) ? value : { value };
  const row = tag === undefined ? { ...fields, _key: key } : { ...fields, _key: key, _tag: tag };
  // The value's type is the app's promise about the map.
  return row as unknown as Row<T>;
}
