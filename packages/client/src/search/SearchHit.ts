import type { Highlight } from '@topgun/core';

/** A record that a search has found. */
export interface SearchHit<T> {
  readonly key: string;
  readonly value: T;
  /** The greater, the better; compares within one search only. */
  readonly score: number;
  /** Words of the record that were found, as they are compared: in lower case, without diacritics. */
  readonly matchedTerms: readonly string[];
  /** Where they stand in its texts. */
  readonly highlights: readonly Highlight[];
}

/** What a search shows now; the same object until something in it changes. */
export interface SearchSnapshot<T> {
  /** The best first. */
  readonly hits: readonly SearchHit<T>[];
  /** `complete`: all records of the map were searched. `partial`: those that the device holds, or that are indexed so far. */
  readonly completeness: 'partial' | 'complete';
  /** False until the device's store is read or the map is synced: no hits say nothing yet. */
  readonly isLoaded: boolean;
  /** How much of what the device holds is indexed, 0 to 1. */
  readonly progress: number;
}

/** One step from the last hits to the present ones (SRCH-12). `index` is the place after the step. */
export type SearchDelta<T> =
  | {
      readonly type: 'ENTER' | 'UPDATE';
      readonly key: string;
      readonly hit: SearchHit<T>;
      readonly index: number;
    }
  | { readonly type: 'LEAVE'; readonly key: string };

/** The steps from some hits to others, to be applied in order. */
export function deltasOf<T>(
  before: readonly SearchHit<T>[],
  after: readonly SearchHit<T>[],
): SearchDelta<T>[] {
  const wanted = new Set(after.map(({ key }) => key));
  const deltas: SearchDelta<T>[] = before.flatMap(({ key }) =>
    wanted.has(key) ? [] : [{ type: 'LEAVE' as const, key }],
  );
  const kept = new Map(before.map((hit) => [hit.key, hit]));
  // The keys as they stand after the steps so far.
  const standing = before.flatMap(({ key }) => (wanted.has(key) ? [key] : []));
  for (const [index, hit] of after.entries()) {
    const { key } = hit;
    const old = kept.get(key);
    if (old === undefined) standing.splice(index, 0, key);
    else if (standing[index] !== key) {
      standing.splice(standing.indexOf(key, index), 1);
      standing.splice(index, 0, key);
    } else if (old === hit) continue;
    deltas.push({ type: old === undefined ? 'ENTER' : 'UPDATE', key, hit, index });
  }
  return deltas;
}
