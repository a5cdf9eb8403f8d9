import { type HybridSearchOptions, hybridSearch } from '@topgun/client/search';
import { type SearchView, useHits, useRested } from './internal/useHits.js';

export interface UseHybridSearchOptions extends Omit<HybridSearchOptions, 'query'> {
  /** ms: how long the text must rest before it is searched for; 0 when left out. */
  readonly debounceMs?: number;
}

/**
 * The same as `useSearch` in an order that `sort` counts in, too. Without words in the text it shows what the filter leaves in the order of
 * `sort`.
 */
export function useHybridSearch<T>(
  map: string,
  query: string,
  options: UseHybridSearchOptions,
): SearchView<T> {
  const { debounceMs = 0, ...rest } = options;
  const text = useRested(query, debounceMs);
  return useHits<T>((client) => hybridSearch<T>(client, map, { ...rest, query: text }), options.textIndex);
}
