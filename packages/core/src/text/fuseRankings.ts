/** One order of keys, the best first. */
export interface Ranking {
  readonly keys: readonly string[];
  /** How much it counts beside the others; 1 when left out. */
  readonly weight?: number;
}

/** A key and its fused score. */
export interface FusedRank {
  readonly key: string;
  readonly score: number;
}

/** The constant of the paper: a rank of 1 counts 1.6 % more than one of 2, so that no single ranking decides. */
export const FUSION_K = 60;

/**
 * Reciprocal rank fusion (SRCH-16): each key scores the sum of weight / (k + rank) over the rankings it stands in, ranks from 1; level ones in
 * order of keys. Source: Cormack, Clarke, Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
 * Methods". Only places count, so scores of different kinds need no common scale.
 */
export function fuseRankings(rankings: readonly Ranking[], k: number = FUSION_K): FusedRank[] {
  const scores = new Map<string, number>();
  for (const { keys, weight = 1 } of rankings)
    for (const [i, key] of keys.entries()) scores.set(key, (scores.get(key) ?? 0) + weight / (k + i + 1));
  return [...scores]
    .map(([key, score]) => ({ key, score }))
    .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1));
}
