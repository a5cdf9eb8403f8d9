import {
  compileQuery,
  type NormalizedTextQuery,
  normalizeFusion,
  normalizeQuery,
  normalizeTextQuery,
  type QueryFilter,
  TEXT_LIMITS,
  type TextIndexFactory,
  type TextSearchOptions,
} from '@topgun/core';
import { contextOf } from './clientContext.js';
import { queryName } from './engine/QueryFeed.js';
import { wrongKind } from './engine/wireErrors.js';
import { hybridRank } from './search/hybridRank.js';
import { RowHits } from './search/RowHits.js';
import { SearchHandle } from './search/SearchHandle.js';
import { acceptsOf, type Fetched, TextHits, type TextSearch } from './search/TextHits.js';
import { type TextSources, textSources } from './search/TextSources.js';
import { wordsPredicate } from './search/wordsPredicate.js';
import type { TopGunClient } from './TopGunClient.js';

export {
  type Highlight,
  type Snippet,
  type SnippetPart,
  snippetHtml,
  snippetOf,
  type TextIndexFactory,
  type TextRange,
  type TextSearchOptions,
} from '@topgun/core';
export type { SearchHandle } from './search/SearchHandle.js';
export type { SearchDelta, SearchHit, SearchSnapshot } from './search/SearchHit.js';

/** A search, and the engine that does it. */
export interface SearchOptions extends TextSearchOptions, Pick<QueryFilter, 'where' | 'predicate'> {
  /** `miniSearchIndex` of `@topgun/search`. Handed in, so that apps without search load none. */
  readonly textIndex: TextIndexFactory;
  /**
   * For a map that is not open: asks the server for the records that hold the words, at most 1,000 of them, differences left aside. It looks
   * through the whole map for each new text, so let the text rest before it is searched for. False when left out.
   */
  readonly fetch?: boolean;
}

/**
 * The records of a map that hold the words of `query`, the best first, kept up to date while subscribed to: own writes in the same tick,
 * offline too. `where` and `predicate` leave records out and change no score.
 *
 * It searches what this device holds. Open the map with `client.getMap` to hold all of it; of a map that is not open it finds the
 * rows of queries and says `partial`, unless it may `fetch` what is missing. The index is built from the first read on, in slices of
 * 8 ms, and shared by searches of the same fields; how far it is, `progress` tells.
 *
 * ```ts
 * const found = search<Note>(client, 'notes', { textIndex: miniSearchIndex, query: 'gard', fields: { title: 2, body: 1 }, prefix: 'last' });
 * found.subscribe((hits) => show(hits.map((hit) => hit.value.title)));
 * input.oninput = () => found.setQuery(input.value);
 * ```
 *
 * Throws `SEARCH_INVALID`, `WRONG_KIND` for a map that has not one value per key, and what `client.query` throws for the filter.
 */
export function search<T>(
  client: TopGunClient,
  map: string,
  options: SearchOptions,
): SearchHandle<T, SearchOptions> {
  const sources = sourcesFor(client, map);
  const { engine, logger } = contextOf(client);
  return new SearchHandle<T, SearchOptions>(map, options, logger, (asked) => {
    const query = normalizeTextQuery(asked);
    const filter = normalizeQuery(filterOf(asked), engine.queryPorts);
    const matches = filter.where && compileQuery(filter, engine.queryPorts).matches;
    const readsValues = matches !== undefined;
    const rank: TextSearch<T>['rank'] = (index, searched) =>
      index.search(query, acceptsOf(searched, matches));
    const { textIndex } = asked;
    const fetched = fetchedFor<T>(client, map, asked, query);
    return [
      `${queryName(map, filter)} ${JSON.stringify([query, asked.fetch === true])}`,
      new TextHits<T>({ map, paths: query.paths, textIndex, rank, readsValues, fetched }, sources),
    ];
  });
}

/** A search of which the order is not that of the words alone. */
export interface HybridSearchOptions extends SearchOptions, Pick<QueryFilter, 'sort'> {
  /** How much the order of the words counts, and how much that of `sort`; 1 each when left out. */
  readonly weights?: { readonly text?: number; readonly sort?: number };
  /** The constant of rank fusion, 1 to 1,000: the greater, the less the first places stand out. 60 when left out. */
  readonly k?: number;
}

/**
 * A search in which the order of the words and that of `sort` count both, by reciprocal rank fusion: `score` is that of the fusion. Without
 * words in `query` it shows what the filter leaves in the order of `sort`, as `client.query` does, so that a list can be narrowed by typing.
 *
 * ```ts
 * hybridSearch<City>(client, 'cities', { textIndex: miniSearchIndex, query: 'san', fields: { name: 1 }, prefix: 'last',
 *   where: { country: 'US' }, sort: { population: 'desc' } });
 * ```
 *
 * Throws what `search` and `client.query` throw; `SEARCH_INVALID` also for wrong `weights` and `k`.
 */
export function hybridSearch<T>(
  client: TopGunClient,
  map: string,
  options: HybridSearchOptions,
): SearchHandle<T, HybridSearchOptions> {
  const sources = sourcesFor(client, map);
  const { engine, logger } = contextOf(client);
  return new SearchHandle<T, HybridSearchOptions>(map, options, logger, (asked) => {
    const query = normalizeTextQuery(asked);
    const { paths, limit } = query;
    const { sort, textIndex } = asked;
    const filter = { ...filterOf(asked), ...(sort && { sort }), limit };
    const spec = normalizeQuery(filter, engine.queryPorts);
    const { matches, compare } = compileQuery(spec, engine.queryPorts);
    const fusion = normalizeFusion(asked);
    const key = `${queryName(map, spec)} ${JSON.stringify([query, fusion, asked.fetch === true])}`;
    if (query.terms.length === 0) {
      const scoreOf = (rank: number): number => fusion.sort / (fusion.k + rank);
      return [key, new RowHits<T>(client.query<T>(map, filter as QueryFilter<T>), engine, scoreOf)];
    }
    const rank = hybridRank(query, spec.where && matches, spec.sort && compare, fusion);
    const fetched = fetchedFor<T>(client, map, asked, query);
    return [key, new TextHits<T>({ map, paths, textIndex, rank, readsValues: true, fetched }, sources)];
  });
}

function sourcesFor(client: TopGunClient, map: string): TextSources {
  const context = contextOf(client);
  const kind = context.engine.kindOf(map);
  if (kind !== undefined && kind !== 'LWW') throw wrongKind(map, kind, 'LWW');
  return textSources(context);
}

/** The records with the words of a search, as a live query of the server brings them (SRCH-20). */
function fetchedFor<T>(
  client: TopGunClient,
  map: string,
  { fetch, ...asked }: SearchOptions,
  query: NormalizedTextQuery,
): Fetched<T> | undefined {
  if (fetch !== true || query.terms.length === 0) return undefined;
  const { where, predicate } = filterOf(asked);
  const words = wordsPredicate(query);
  const both = predicate ? { op: 'and' as const, children: [predicate, words] } : words;
  const limit = TEXT_LIMITS.hits;
  const filter: QueryFilter = { ...(where && { where }), predicate: both, limit };
  return {
    // What the app says of its values is not looked at here.
    rows: client.query<T>(map, filter as QueryFilter<T>),
    // Differences are no matter of predicates.
    namesAll: (rows) => query.fuzzy === 0 && rows < limit,
  };
}

const filterOf = ({ where, predicate }: SearchOptions): QueryFilter => ({
  ...(where && { where }),
  ...(predicate && { predicate }),
});
