import { type RowSource, StandingIndex } from '@topgun/core';
import type { LocalQuery, QuerySource } from './LocalQuery.js';
import { MapRows, type RowFinder } from './MapRows.js';
import type { ReplicaMap } from './ReplicaMap.js';

/** In what way the server's rows of a query are in. */
export type Answer = 'none' | 'map' | 'rows';

/** Makes what finds the rows of a map. */
export type FinderMaker = (rows: RowSource<unknown>) => RowFinder;

/** The open queries of one map, which are told of the rows that concern them. */
export class MapQueries {
  /** By query: the answer that the app was told of. */
  readonly #told = new Map<LocalQuery, Answer | undefined>();
  readonly #standing = new StandingIndex<LocalQuery>();
  readonly #concerned = new Set<LocalQuery>();
  #source: QuerySource | undefined;
  #makeFinder: FinderMaker | undefined;
  #wasWhole = false;

  get isEmpty(): boolean {
    return this.#told.size === 0 && !this.#makeFinder;
  }

  add(query: LocalQuery): void {
    this.#told.set(query, undefined);
    this.#standing.add(query, query.spec.where);
    this.#concerned.add(query);
  }

  remove(query: LocalQuery): void {
    this.#told.delete(query);
    this.#standing.remove(query);
    this.#concerned.delete(query);
  }

  /** Nobody is to be told of anything any more. */
  end(): void {
    this.#source?.rows.end();
  }

  /** From now on rows are found by what is made of them. */
  findBy(make: FinderMaker, map: ReplicaMap | undefined): void {
    this.#makeFinder = make;
    this.look(map);
    if (this.#source) this.#source = { ...this.#source, finder: make(this.#source.rows) };
  }

  /** Brings a query up to date. */
  lookFor(query: LocalQuery, map: ReplicaMap | undefined, isByHolds: boolean): void {
    this.look(map);
    query.look(this.#source, isByHolds);
  }

  /**
   * The queries whose rows or completeness may be others than when this was last asked. `isWhole`: all of the map is here, which
   * answers each of them.
   */
  takeConcerned(
    map: ReplicaMap | undefined,
    isWhole: boolean,
    answerTo: (query: LocalQuery) => Answer,
  ): Iterable<LocalQuery> {
    this.look(map);
    // Where the map stays here as a whole, no answer can have changed but of those that were opened, which are among them.
    if (!isWhole || !this.#wasWhole)
      for (const [query, told] of this.#told) if (told !== answerTo(query)) this.#concerned.add(query);
    this.#wasWhole = isWhole;
    const concerned = [...this.#concerned];
    this.#concerned.clear();
    for (const query of concerned) this.#told.set(query, answerTo(query));
    return concerned;
  }

  /** Takes in what has changed. A map that turned out to be of another kind is another one. */
  look(map: ReplicaMap | undefined): void {
    if (map === this.#source?.rows.map) this.#source?.rows.look();
    else {
      const rows = map && new MapRows(map, (id, before, now) => this.#changed(id, before, now));
      this.#source = rows && { rows, finder: this.#makeFinder?.(rows) };
      for (const query of this.#told.keys()) {
        query.drop();
        this.#concerned.add(query);
      }
    }
  }

  #changed(id: string, before: unknown, now: unknown): void {
    const isSame = before === now;
    const { rows, finder } = this.#source as QuerySource;
    if (!isSame) finder?.changed(id, before, now);
    const tell = (query: LocalQuery): void => {
      if (query.note(id, isSame, rows.size)) this.#concerned.add(query);
    };
    this.#standing.candidates(before, tell);
    if (!isSame) this.#standing.candidates(now, tell);
  }
}
