import { parsePath, readPath } from '../query/path.js';
import { compareWithin } from '../query/standing/anchorsOf.js';
import { compareValues, rankOf } from '../value/compareValues.js';
import { type Before, compareEntry, compareFields, EntryTree } from './EntryTree.js';

/** Values of one type between bounds, or of all types between two; see `rankOf`. */
export interface Interval {
  readonly ranks: readonly [first: number, last: number];
  /** Only where the ranks are one and the same; undefined = as far as the type goes. */
  readonly from?: Bound | undefined;
  readonly to?: Bound | undefined;
}

export interface Bound {
  readonly value: unknown;
  /** Whether values level with the bound are counted in. */
  readonly isIn: boolean;
}

/** Places of an index, `to` not counted in, whose entries all have the same first fields. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly fixed: readonly unknown[];
}

/** Where in the order of an index to go on: behind this entry. */
export interface Entry {
  readonly fields: readonly unknown[];
  readonly key: string;
}

/** More level entries than this are not gathered, for the first few may be all that is asked for. */
const GATHERED_MAX = 32;

/** All rows, in the order of a tuple of paths and then of keys. A row without a field stands first there. */
export class OrderedIndex {
  readonly paths: readonly string[];
  readonly #segments: readonly (readonly string[])[];
  readonly #tree: EntryTree;

  constructor(paths: readonly string[]) {
    this.paths = paths;
    this.#segments = paths.map(parsePath);
    this.#tree = new EntryTree(paths.length);
  }

  get size(): number {
    return this.#tree.size;
  }

  /** Takes in what a row was and is; undefined = there is none. Taking out what is not in, and in what is, does nothing. */
  changed(key: string, old: unknown, now: unknown): void {
    const before = old === undefined ? undefined : this.#read(old);
    const after = now === undefined ? undefined : this.#read(now);
    if (before !== undefined && !(after !== undefined && isSameTuple(before, after)))
      this.#tree.remove(before, key);
    if (after !== undefined) this.#tree.add(after, key);
  }

  /** All places. */
  whole(): Stretch {
    return { from: 0, to: this.#tree.size, fixed: [] };
  }

  /** The part whose next field is the same as a value, in type too. */
  fix({ fixed }: Stretch, value: unknown): Stretch {
    const fields = [...fixed, value];
    return {
      from: this.#tree.rank((entries, at) => compareFields(entries, at, fields) < 0),
      to: this.#tree.rank((entries, at) => compareFields(entries, at, fields) <= 0),
      fixed: fields,
    };
  }

  /** The part whose next field lies in an interval. */
  narrow({ fixed }: Stretch, { ranks: [first, last], from, to }: Interval): Stretch {
    const column = fixed.length;
    const ends = (isOver: (field: unknown) => boolean): Before => {
      return (entries, at) => {
        const order = compareFields(entries, at, fixed);
        return order < 0 || (order === 0 && isOver((entries.fields[column] as unknown[])[at]));
      };
    };
    const start = this.#tree.rank(
      ends((field) => {
        const rank = rankOf(field);
        if (rank !== first || from === undefined) return rank < first;
        const order = compareWithin(rank, field, from.value);
        return order < 0 || (order === 0 && !from.isIn);
      }),
    );
    const end = this.#tree.rank(
      ends((field) => {
        const rank = rankOf(field);
        if (rank !== last || to === undefined) return rank <= last;
        const order = compareWithin(rank, field, to.value);
        return order < 0 || (order === 0 && to.isIn);
      }),
    );
    return { from: start, to: Math.max(start, end), fixed };
  }

  /**
   * Visits the keys of a stretch in an order: `isDescending` says of each field behind the fixed ones, and last of the key,
   * which way it goes. `after` is the entry to go on behind. Ends when a visit returns false, and then returns false.
   */
  visit(
    { from, to, fixed }: Stretch,
    isDescending: readonly boolean[],
    after: Entry | undefined,
    visit: (key: string) => boolean,
  ): boolean {
    return this.#visit(from, to, fixed.length, isDescending, after, visit);
  }

  /** Visits the keys of a stretch in the cheapest order there is. */
  visitAll({ from, to }: Stretch, visit: (key: string) => boolean): boolean {
    return this.#tree.visit(from, to, false, visit);
  }

  // Fields that go the same way are one run of the tree. Where the way turns, the entries level so far form groups: these
  // are gone through in the way of the fields before, each from its own beginning.
  #visit(
    from: number,
    to: number,
    column: number,
    isDescending: readonly boolean[],
    after: Entry | undefined,
    visit: (key: string) => boolean,
  ): boolean {
    const way = isDescending[0] as boolean;
    const turn = isDescending.findIndex((isDown) => isDown !== way);
    if (turn < 0) {
      if (after === undefined) return this.#tree.visit(from, to, way, visit);
      const { fields, key } = after;
      const place = this.#tree.rank((entries, at) => {
        const order = compareEntry(entries, at, fields, key);
        return way ? order < 0 : order <= 0;
      });
      return way
        ? this.#tree.visit(from, Math.min(to, place), true, visit)
        : this.#tree.visit(Math.max(from, place), to, false, visit);
    }
    const columns = column + turn;
    const rest = isDescending.slice(turn);
    let low = from;
    let high = to;
    if (after !== undefined) {
      const [start, end] = this.#group(after.fields.slice(0, columns), from, to);
      if (start < end && !this.#visit(start, end, columns, rest, after, visit)) return false;
      if (way) high = start;
      else low = end;
    }
    if (rest.length === 1) return this.#visitLevels(low, high, way, visit);
    while (low < high) {
      const fields = this.#tree.fieldsAt(way ? high - 1 : low).slice(0, columns);
      const [start, end] = this.#group(fields, low, high);
      if (!this.#visit(start, end, columns, rest, undefined, visit)) return false;
      if (way) high = start;
      else low = end;
    }
    return true;
  }

  // The usual turn: one way by the fields, the other way by key where they are level. Mostly few entries are; they are
  // gathered and handed over turned round. Where there are many, their beginning is sought.
  #visitLevels(from: number, to: number, way: boolean, visit: (key: string) => boolean): boolean {
    let low = from;
    let high = to;
    let fields: readonly unknown[] = [];
    let level: string[] = [];
    const handOver = (): boolean => {
      for (let i = level.length - 1; i >= 0; i--) if (!visit(level[i] as string)) return false;
      if (way) high -= level.length;
      else low += level.length;
      level = [];
      return true;
    };
    for (;;) {
      let isMany = false;
      const isThrough = this.#tree.visit(low, high, way, (key, entries, at) => {
        if (level.length > 0 && compareFields(entries, at, fields) !== 0 && !handOver()) return false;
        if (level.length === 0) fields = entries.fields.map((column) => column[at]);
        isMany = level.push(key) > GATHERED_MAX;
        return !isMany;
      });
      if (!isMany) return isThrough && handOver();
      level = [];
      const [start, end] = this.#group(fields, low, high);
      if (!this.#tree.visit(start, end, !way, visit)) return false;
      if (way) high = start;
      else low = end;
    }
  }

  #group(fields: readonly unknown[], from: number, to: number): readonly [start: number, end: number] {
    const inside = (rank: number): number => Math.min(to, Math.max(from, rank));
    return [
      inside(this.#tree.rank((entries, at) => compareFields(entries, at, fields) < 0)),
      inside(this.#tree.rank((entries, at) => compareFields(entries, at, fields) <= 0)),
    ];
  }

  #read(value: unknown): unknown[] {
    return this.#segments.map((segments) => readPath(value, segments));
  }
}

function isSameTuple(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.every((field, i) => compareValues(field, b[i]) === 0);
}
