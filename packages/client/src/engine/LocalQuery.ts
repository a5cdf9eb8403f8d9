import { LiveWindow, type QueryPorts, type QuerySpec, runQuery } from '@topgun/core';
import type { MapRows, ResultRow, RowFinder } from './MapRows.js';
import { queryName } from './QueryFeed.js';
import { type RowStep, step } from './rowSteps.js';

/**
 * So many changed rows are always taken in one by one. Of more it depends on the rows of the map, which are looked at to begin anew, and on the
 * window: each change moves the rows behind it, all of the result where there is no limit.
 */
const NOTED_MIN = 32;
const NOTED_SHARE = 16;
const NOTED_SHARE_UNLIMITED = 64;

const NO_ROWS: readonly ResultRow[] = [];

/** What a query is answered from. */
export interface QuerySource {
  readonly rows: MapRows;
  /** Finds rows faster than by looking at all of them, where there is one. */
  readonly finder: RowFinder | undefined;
}

/** How a result came from the one before it. */
interface ResultChange {
  readonly from: readonly ResultRow[];
  readonly steps: readonly RowStep[];
}

/**
 * One open query. Rows that may change its result are noted by name, and taken in when somebody reads it: many changes of a row cost
 * one step. So many of them that it is cheaper to begin anew let the window go, as does a query that nobody reads.
 */
export class LocalQuery {
  readonly id: string;
  /** Says the same question the same way in every realm. */
  readonly name: string;
  readonly map: string;
  readonly spec: QuerySpec;
  readonly #ports: QueryPorts | undefined;
  #source: QuerySource | undefined;
  #isByHolds = false;
  /** Undefined: to be filled. */
  #window: LiveWindow<unknown> | undefined;
  #rows: readonly ResultRow[] = NO_ROWS;
  /** Where `#rows` came from, if by steps. */
  #change: ResultChange | undefined;
  readonly #noted = new Set<string>();

  constructor(id: string, map: string, spec: QuerySpec, ports?: QueryPorts) {
    this.id = id;
    this.name = queryName(map, spec);
    this.map = map;
    this.spec = spec;
    this.#ports = ports;
  }

  /** A row of this name may have come, changed or gone in a map of so many rows; false when that is no concern of the result. */
  note(id: string, isSameValue: boolean, rowCount: number): boolean {
    // Then only its holds may have changed, which results are made of that the server has named the rows of.
    if (isSameValue && !this.#isByHolds) return false;
    if (this.#window) this.#noted.add(id);
    const share = this.spec.limit === undefined ? NOTED_SHARE_UNLIMITED : NOTED_SHARE;
    if (this.#noted.size > NOTED_MIN + rowCount / share) this.drop();
    return true;
  }

  /** The next read begins anew. */
  drop(): void {
    this.#window = undefined;
    this.#noted.clear();
  }

  /** How the result that was read last came from this one; undefined when not by steps. */
  stepsFrom(from: readonly ResultRow[] | undefined): readonly RowStep[] | undefined {
    return this.#change?.from === from ? this.#change?.steps : undefined;
  }

  /**
   * The rows now; the same array until one of them changes. `isByHolds`: the server has named the rows of this query, so
   * that others, which nobody keeps up to date here, play no part.
   */
  rows(source: QuerySource | undefined, isByHolds: boolean): readonly ResultRow[] {
    if (!source) return NO_ROWS;
    if (isByHolds !== this.#isByHolds) this.drop();
    this.#isByHolds = isByHolds;
    this.#source = source;
    if (!this.#window) this.#fill(source.rows);
    else if (this.#noted.size > 0) this.#follow(source.rows, this.#window);
    return this.#rows;
  }

  #fill(source: MapRows): void {
    this.#window = new LiveWindow(this.spec, { ...this.#ports, run: (spec) => this.#run(spec) });
    this.#window.reset();
    const rows = this.#window.rows().map(([id, value]) => source.row(id, value));
    const isSame = rows.length === this.#rows.length && rows.every((row, i) => isSameRow(row, this.#rows[i]));
    if (!isSame) this.#show(rows, undefined);
  }

  #run(spec: QuerySpec): Iterable<readonly [id: string, value: unknown]> {
    const { rows, finder } = this.#source as QuerySource;
    const see = (id: string, value: unknown): unknown => (rows.isHeldFor(this.name, id) ? value : undefined);
    if (finder) return finder.run(spec, this.#isByHolds ? { see, ordered: true } : undefined);
    return runQuery(spec, this.#isByHolds ? this.#held(rows) : rows.entries(), this.#ports);
  }

  #follow(source: MapRows, window: LiveWindow<unknown>): void {
    const before = this.#rows;
    // Copied when the first step is taken.
    let rows: ResultRow[] | undefined;
    const steps: RowStep[] = [];
    for (const id of this.#noted) {
      const value = source.get(id);
      const isIn = value !== undefined && (!this.#isByHolds || source.isHeldFor(this.name, id));
      for (const delta of window.apply(id, isIn ? value : undefined)) {
        const from = delta.type === 'ENTER' ? undefined : delta.from;
        const at = delta.type === 'LEAVE' ? undefined : delta.index;
        const old = from === undefined ? undefined : (rows ?? before)[from];
        if (delta.type === 'UPDATE' && delta.value === old?.value) continue;
        const row = delta.type === 'LEAVE' ? (old as ResultRow) : source.row(delta.key, delta.value);
        const one = { from, at, row };
        rows ??= [...before];
        step(rows, one, row);
        steps.push(one);
      }
    }
    this.#noted.clear();
    if (rows) this.#show(rows, { from: before, steps });
  }

  #show(rows: readonly ResultRow[], change: ResultChange | undefined): void {
    this.#rows = rows;
    this.#change = change;
  }

  *#held(source: MapRows): Iterable<readonly [id: string, value: unknown]> {
    for (const entry of source.entries()) if (source.isHeldFor(this.name, entry[0])) yield entry;
  }
}

const isSameRow = (a: ResultRow, b: ResultRow | undefined): boolean =>
  a.key === b?.key && a.value === b.value && a.tag === b.tag;
