import type { ExplainedMatch, NormalizedTextQuery, TermScore } from '@topgun/core';

/** What a search found and why, in lines of text (SRCH-19). */
export interface ExplainedSearch {
  readonly query: NormalizedTextQuery;
  /** How many documents the index holds. */
  readonly documents: number;
  readonly matches: readonly ExplainedMatch[];
  /** What to show of a hit beside its key; nothing when left out. */
  readonly titleOf?: (key: string) => string;
}

/** A search as text: its terms, then for each hit its score and what that is the sum of. */
export function explainText({ query, documents, matches, titleOf }: ExplainedSearch): string {
  const { terms, paths, boosts, prefix, fuzzy, combine, minScore, limit } = query;
  const how = [
    combine === 'all' ? 'each must be found' : 'one is enough',
    ...(prefix === 'none'
      ? []
      : [prefix === 'all' ? 'by their beginning, too' : 'the last by its beginning, too']),
    ...(fuzzy === 0 ? [] : [`up to ${fuzzy} differences`]),
  ];
  return [
    `terms      ${terms.length === 0 ? 'none' : `${terms.join(', ')} (${how.join('; ')})`}`,
    `fields     ${paths.map((path, i) => `${named(path)} × ${boosts[i]}`).join(', ')}`,
    `documents  ${documents}`,
    `hits       ${matches.length} (at most ${limit}${minScore > 0 ? `, from a score of ${minScore}` : ''})`,
    ...matches.flatMap((match, i) => ['', ...matchLines(match, i + 1, titleOf?.(match.key))]),
    '',
  ].join('\n');
}

function matchLines(
  { key, score, parts }: ExplainedMatch,
  rank: number,
  title: string | undefined,
): string[] {
  return [
    `${rank}. ${key}  ${digits(score)}${title === undefined ? '' : `  ${title}`}`,
    ...parts.map((part) => `   ${partLine(part)}`),
  ];
}

function partLine(part: TermScore): string {
  const { queryTerm, term, path, boost, weight, documents, idf, tf, length, averageLength, score } = part;
  const saturation = score / (boost * weight * idf);
  return [
    `${digits(score)} = ${boost} × ${digits(weight)} × idf ${digits(idf)} × tf ${digits(saturation)}`,
    queryTerm === term ? term : `${queryTerm} → ${term}`,
    `in ${named(path)}: in ${documents} documents, ${tf} of ${length} words here, ${digits(averageLength)} on average`,
  ].join('  ');
}

const named = (path: string): string => (path === '' ? 'the value' : path);
const digits = (value: number): string => value.toFixed(4);
