import type { QueryPorts, QuerySpec } from '@topgun/core';
import { LocalQuery } from './LocalQuery.js';
import { type Answer, type FinderMaker, MapQueries } from './MapQueries.js';
import type { Replica } from './Replica.js';

/** The queries that this realm has open, answered from what the device holds and kept up to date by what changes there. */
export class LocalQueries {
  readonly #byId = new Map<string, LocalQuery>();
  readonly #byMap = new Map<string, MapQueries>();
  readonly #replica: Replica;
  readonly #ports: QueryPorts | undefined;

  constructor(replica: Replica, ports?: QueryPorts) {
    this.#replica = replica;
    this.#ports = ports;
  }

  all(): Iterable<LocalQuery> {
    return this.#byId.values();
  }

  open(id: string, map: string, spec: QuerySpec): void {
    this.close(id);
    const query = new LocalQuery(id, map, spec, this.#ports);
    this.#byId.set(id, query);
    this.#of(map).add(query);
  }

  close(id: string): void {
    const query = this.#byId.get(id);
    if (!query) return;
    this.#byId.delete(id);
    const queries = this.#byMap.get(query.map);
    queries?.remove(query);
    if (!queries?.isEmpty) return;
    queries.end();
    this.#byMap.delete(query.map);
  }

  get(id: string): LocalQuery | undefined {
    return this.#byId.get(id);
  }

  /**
   * Brings a query up to date. With the answer `rows` the server has named those of this query, so that others, which nobody keeps up
   * to date here, play no part.
   */
  lookFor(query: LocalQuery, answer: Answer): void {
    this.#byMap.get(query.map)?.lookFor(query, this.#replica.maps.get(query.map), answer === 'rows');
  }

  /** From now on the rows of a map are found by what is made of them, also when they turn out to be those of a map of another kind. */
  findBy(map: string, make: FinderMaker): void {
    this.#of(map).findBy(make, this.#replica.maps.get(map));
  }

  /** Takes in what has changed in a map that somebody asks about. */
  look(map: string): void {
    this.#byMap.get(map)?.look(this.#replica.maps.get(map));
  }

  /** Takes in what has changed in all of them. */
  lookAtAll(): void {
    for (const map of this.#byMap.keys()) this.look(map);
  }

  /** The ids of those whose rows or completeness may be others than at the last call. */
  takeConcerned(isWhole: (map: string) => boolean, answerTo: (query: LocalQuery) => Answer): string[] {
    const ids: string[] = [];
    for (const [map, queries] of this.#byMap)
      for (const query of queries.takeConcerned(this.#replica.maps.get(map), isWhole(map), answerTo))
        ids.push(query.id);
    return ids;
  }

  #of(map: string): MapQueries {
    const found = this.#byMap.get(map) ?? new MapQueries();
    this.#byMap.set(map, found);
    return found;
  }
}
