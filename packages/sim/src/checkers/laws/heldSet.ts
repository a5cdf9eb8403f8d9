/** What became of the elements of a set, each under an id of its own. */
export interface SetStory {
  /** whose adding was answered */
  readonly added: Iterable<number>;
  /** that somebody has removed, answered or not */
  readonly taken: ReadonlySet<number>;
  /** whose removal was answered */
  readonly removed: Iterable<number>;
}

/** D1 and C6: what was added is there unless somebody took it, and what was removed is not. */
export function heldSet(
  { added, taken, removed }: SetStory,
  held: ReadonlySet<number>,
): { readonly lost: readonly number[]; readonly back: readonly number[] } {
  return {
    lost: [...added].filter((id) => !held.has(id) && !taken.has(id)),
    back: [...removed].filter((id) => held.has(id)),
  };
}
