import {
  compileQuery,
  normalizeQuery,
  normalizeTextQuery,
  type QueryFilter,
  type TextIndexFactory,
  type TextSearchOptions,
} from '@topgun/core';
import { contextOf } from './clientContext.js';
import { queryName } from './engine/QueryFeed.js';
import { wrongKind } from './engine/wireErrors.js';
import { SearchHandle } from './search/SearchHandle.js';
import { TextHits } from './search/TextHits.js';
import { textSources } from './search/TextSources.js';
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
}

/**
 * The records of a map that hold the words of `query`, the best first, kept up to date while subscribed to: own writes in the same tick,
 * offline too. `where` and `predicate` leave records out and change no score.
 *
 * It searches what this device holds. Open the map with `client.getMap` to hold all of it; of a map that is not open it finds the
 * rows of queries, and says `partial`. The index is built from the first read on, in slices of 8 ms, and shared by searches
 * of the same fields; how far it is, `progress` tells.
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
  const context = contextOf(client);
  const kind = context.engine.kindOf(map);
  if (kind !== undefined && kind !== 'LWW') throw wrongKind(map, kind, 'LWW');
  const sources = textSources(context);
  return new SearchHandle<T, SearchOptions>(map, options, context.logger, (asked) => {
    const { textIndex, where, predicate } = asked;
    const query = normalizeTextQuery(asked);
    const filter = normalizeQuery({ ...(where && { where }), ...(predicate && { predicate }) });
    const matches = filter.where && compileQuery(filter).matches;
    return [
      `${queryName(map, filter)} ${JSON.stringify(query)}`,
      new TextHits<T>({ map, query, textIndex, matches }, sources),
    ];
  });
}
