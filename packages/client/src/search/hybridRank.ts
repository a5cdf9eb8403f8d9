import {
  type CompiledQuery,
  type Fusion,
  fuseRankings,
  type NormalizedTextQuery,
  TEXT_LIMITS,
} from '@topgun/core';
import { acceptsOf, type TextSearch } from './TextHits.js';

/** The best by text, fused with their own order by `compare`; undefined: the text alone ranks (SRCH-17). */
export function hybridRank(
  query: NormalizedTextQuery,
  matches: CompiledQuery['matches'] | undefined,
  compare: CompiledQuery['compare'] | undefined,
  { k, text, sort }: Fusion,
): TextSearch<unknown>['rank'] {
  const deep = { ...query, limit: TEXT_LIMITS.hits };
  return (index, searched) => {
    const { read } = searched;
    const byText = index.search(deep, acceptsOf(searched, matches));
    const rankings = [{ keys: byText.map(({ key }) => key), weight: text }];
    if (compare) {
      const rows = byText.map(({ key }) => ({ key, value: read(key) }));
      rows.sort((a, b) => compare(a.key, a.value, b.key, b.value));
      rankings.push({ keys: rows.map(({ key }) => key), weight: sort });
    }
    const found = new Map(byText.map((match) => [match.key, match]));
    return fuseRankings(rankings, k)
      .slice(0, query.limit)
      .map(({ key, score }) => ({ key, score, terms: found.get(key)?.terms ?? [] }));
  };
}
