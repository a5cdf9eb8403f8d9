import {
  type Advice,
  type BuildProgress,
  type Explanation,
  type IndexSpec,
  type IndexState,
  normalizeQuery,
  type QueryFilter,
} from '@topgun/core';
import { contextOf } from './clientContext.js';
import { MapIndexes } from './indexes/MapIndexes.js';
import type { TopGunClient } from './TopGunClient.js';
import type { Unsubscribe } from './utils/Listeners.js';

export {
  type Advice,
  type BuildProgress,
  type Explanation,
  explainText,
  type IndexSpec,
  type IndexState,
} from '@topgun/core';

/** By client and map. */
const known = new WeakMap<TopGunClient, Map<string, MapIndexes>>();

/**
 * Keeps an index of a map on this device from now on and returns its name; what is there already stays as it is. Queries are opened, and go on
 * when rows leave them, by the cheapest way that the indexes give; which index there is never shows in a result.
 *
 * ```ts
 * declareIndex(client, 'cities', { kind: 'compound', paths: ['country', 'population'] });
 * const big = client.query('cities', { where: { country: 'FR' }, sort: { population: 'desc' }, limit: 20 });
 * console.log(explainText(explain(client, 'cities', big.getFilter())));
 * ```
 *
 * It is built in slices of at most 8 ms and used when it is complete; indexes declared in one tick are built in one pass. It lives
 * in memory: declare it at every start. At most 32 per map; each costs every write of the map some time and every row some memory.
 *
 * Throws `INDEX_INVALID` for a wrong spec, a name that another index has and one too many, `MAP_NAME_INVALID`, and `CLIENT_CLOSED`.
 */
export function declareIndex(client: TopGunClient, map: string, spec: IndexSpec): string {
  contextOf(client).writable();
  return indexesOf(client, map).declare(spec);
}

/** Drops an index, also one that is being built; false when there is none of that name. */
export function dropIndex(client: TopGunClient, map: string, name: string): boolean {
  return indexesOf(client, map).drop(name);
}

/** The indexes of a map in the order of their declaration. */
export function indexes(client: TopGunClient, map: string): readonly IndexState[] {
  return indexesOf(client, map).set.indexes();
}

/** How far the indexes of a map are that are being built. */
export function indexProgress(client: TopGunClient, map: string): BuildProgress {
  return indexesOf(client, map).progress();
}

/** Calls back after each slice in which indexes of a map were built. */
export function onIndexProgress(
  client: TopGunClient,
  map: string,
  callback: (progress: BuildProgress) => void,
): Unsubscribe {
  return indexesOf(client, map).listeners.add(callback);
}

/**
 * Indexes that would have spared the queries of a map work, the most useful first. Counted from the first call of a function of this
 * module for the map on, each time a query is opened, explained or run again because rows have left it.
 */
export function indexAdvice(client: TopGunClient, map: string): readonly Advice[] {
  return indexesOf(client, map).set.advice();
}

/**
 * How a query on the rows that the device holds is answered, and why: runs it. As data; `explainText` makes text of it.
 *
 * Throws what `client.query` throws, and `MAP_NAME_INVALID`.
 */
export function explain(client: TopGunClient, map: string, filter: QueryFilter = {}): Explanation {
  return indexesOf(client, map).set.explain(normalizeQuery(filter, contextOf(client).engine.queryPorts));
}

/** With all changes so far. */
function indexesOf(client: TopGunClient, map: string): MapIndexes {
  const byMap = known.get(client) ?? new Map<string, MapIndexes>();
  known.set(client, byMap);
  const found = byMap.get(map) ?? new MapIndexes(map, contextOf(client));
  byMap.set(map, found);
  contextOf(client).engine.lookAt(map);
  return found;
}
