import { type SearchOptions, search } from '@topgun/client/search';
import { type SearchView, useHits, useRested } from './internal/useHits.js';

export type { SearchView } from './internal/useHits.js';

export interface UseSearchOptions extends Omit<SearchOptions, 'query'> {
  /** ms: how long the text must rest before it is searched for; 0 when left out, for a search on the device takes a few ms. */
  readonly debounceMs?: number;
}

/**
 * Records of a map that hold the words of a text, the best first, rendered again when they change. The options may be a new object in each
 * render. Empty and loading on a server.
 */
export function useSearch<T>(map: string, query: string, options: UseSearchOptions): SearchView<T> {
  const { debounceMs = 0, ...rest } = options;
  const text = useRested(query, debounceMs);
  return useHits<T>((client) => search<T>(client, map, { ...rest, query: text }), options.textIndex);
}
