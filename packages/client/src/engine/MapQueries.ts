import { StandingIndex } from '@topgun/core';
import type { LocalQuery } from './LocalQuery.js';
import { MapRows, type ResultRow } from './MapRows.js';
import type { ReplicaMap } from './ReplicaMap.js';

/** So many changed rows are always taken in one by one; of more, one in `NOTED_SHARE` of the map's. */
const NOTED_MIN = 32;
const NOTED_SHARE = 64;

/** In what way the server's rows of a query are in. */
export type Answer = 'none' | 'map' | 'rows';

/** The open queries of one map, which are told of the rows that concern them. */
export class MapQueries {
  /** By query: the answer that the app was told of. */
  readonly #told = new Map<LocalQuery, Answer | undefined>();
  readonly #standing = new StandingIndex<LocalQuery>();
  readonly #concerned = new Set<LocalQuery>();
  #rows: MapRows | undefined;
  #wasWhole = false;

  get isEmpty(): boolean {
    return this.#told.size === 0;
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
    if (this.isEmpty) this.#rows?.end();
  }

  /** The rows of a query now. */
  read(query: LocalQuery, map: ReplicaMap | undefined, isByHolds: boolean): readonly ResultRow[] {
    this.#look(map);
    return query.rows(this.#rows, isByHolds);
  }

  /**
   * The queries whose rows or completeness may be others than when this was last asked. `isWhole`: all of the map is here;
   * `isAnswered`: the server's rows of the query are.
   */
  takeConcerned(
    map: ReplicaMap | undefined,
    isWhole: boolean,
    answerTo: (query: LocalQuery) => Answer,
  ): Iterable<LocalQuery> {
    this.#look(map);
    // Where the map stays here as a whole, no answer can have changed but of those that were opened, which are among them.
    if (!isWhole || !this.#wasWhole)
      for (const [query, told] of this.#told) if (told !== answerTo(query)) this.#concerned.add(query);
    this.#wasWhole = isWhole;
    const concerned = [...this.#concerned];
    this.#concerned.clear();
    for (const query of concerned) this.#told.set(query, answerTo(query));
    return concerned;
  }

  /** A map that turned out to be of another kind is another one. */
  #look(map: ReplicaMap | undefined): void {
    if (map === this.#rows?.map) this.#rows?.look();
    else {
      this.#rows = map && new MapRows(map, (id, before, now) => this.#changed(id, before, now));
      for (const query of this.#told.keys()) {
        query.drop();
        this.#concerned.add(query);
      }
    }
  }

  #changed(id: string, before: unknown, now: unknown): void {
    const isSame = before === now;
    const notedMax = NOTED_MIN + (this.#rows?.size ?? 0) / NOTED_SHARE;
    const tell = (query: LocalQuery): void => {
      if (query.note(id, isSame, notedMax)) this.#concerned.add(query);
    };
    this.#standing.candidates(before, tell);
    if (!isSame) this.#standing.candidates(now, tell);
  }
}
