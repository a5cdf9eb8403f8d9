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

/** What a query is answered from. */
export interface QuerySource {
  readonly rows: MapRows;
  /** Finds rows faster than by looking at all of them, where there is one. */
  readonly finder: RowFinder | undefined;
}

/** Stands for one result of a query; another result has another one. */
export type ResultVersion = object;

/** How a result came from the one before it. */
interface ResultChange {
  readonly from: ResultVersion;
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
  #rows: ResultRow[] = [];
  /** Somebody has `#rows` and may keep it: it is copied before the next step, which costs as much as the result is long. */
  #isGiven = false;
  #version: ResultVersion = {};
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

  /** How the result that was taken in last came from this one; undefined when not by steps. */
  stepsFrom(from: ResultVersion | undefined): readonly RowStep[] | undefined {
    return this.#change?.from === from ? this.#change?.steps : undefined;
  }

  /** Of the result that was taken in last. */
  get version(): ResultVersion {
    return this.#version;
  }

  /** The number of rows of the result that was taken in last. */
  get size(): number {
    return this.#rows.length;
  }

  /** The rows of the result that was taken in last; the same array until one of them changes. */
  rows(): readonly ResultRow[] {
    this.#isGiven = true;
    return this.#rows;
  }

  /**
   * Takes in what has changed. `isByHolds`: the server has named the rows of this query, so that others, which nobody keeps up to
   * date here, play no part.
   */
  look(source: QuerySource | undefined, isByHolds: boolean): void {
    if (!source) {
      if (this.#rows.length > 0) this.#show([], undefined);
      return;
    }
    if (isByHolds !== this.#isByHolds) this.drop();
    this.#isByHolds = isByHolds;
    this.#source = source;
    if (!this.#window) this.#fill(source.rows);
    else if (this.#noted.size > 0) this.#follow(source.rows, this.#window);
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
    const steps: RowStep[] = [];
    for (const id of this.#noted) {
      const value = source.get(id);
      const isIn = value !== undefined && (!this.#isByHolds || source.isHeldFor(this.name, id));
      for (const delta of window.apply(id, isIn ? value : undefined)) {
        const from = delta.type === 'ENTER' ? undefined : delta.from;
        const at = delta.type === 'LEAVE' ? undefined : delta.index;
        const old = from === undefined ? undefined : this.#rows[from];
        if (delta.type === 'UPDATE' && delta.value === old?.value) continue;
        const row = delta.type === 'LEAVE' ? (old as ResultRow) : source.row(delta.key, delta.value);
        const one = { from, at, row };
        if (this.#isGiven) this.#rows = [...this.#rows];
        this.#isGiven = false;
        step(this.#rows, one, row);
        steps.push(one);
      }
    }
    this.#noted.clear();
    if (steps.length > 0) this.#show(this.#rows, { from: this.#version, steps });
  }

  #show(rows: ResultRow[], change: ResultChange | undefined): void {
    if (rows !== this.#rows) this.#isGiven = false;
    this.#rows = rows;
    this.#version = {};
    this.#change = change;
  }

  *#held(source: MapRows): Iterable<readonly [id: string, value: unknown]> {
    for (const entry of source.entries()) if (source.isHeldFor(this.name, entry[0])) yield entry;
  }
}

const isSameRow = (a: ResultRow, b: ResultRow | undefined): boolean =>
  a.key === b?.key && a.value === b.value && a.tag === b.tag;
