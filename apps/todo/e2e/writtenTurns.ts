/** How many turns a tab has made at most, and how many were flushed at least. */
export interface Turns {
  readonly done: number;
  readonly flushed: number;
}

/** Turn n wrote n under `k(n mod keys)`, added the element n and incremented the counter, all in one transaction. */
export interface Seen {
  readonly records: readonly (readonly [key: string, turn: number])[];
  readonly elements: readonly number[];
  readonly count: number;
}

/**
 * The number of turns that what is seen amounts to; undefined when it is no beginning of the turns: when one in the
 * middle is missing, or one is there in part.
 */
export function firstTurnsThatFit({ records, elements, count }: Seen, keys: number): number | undefined {
  if (elements.some((turn, at) => turn !== at + 1) || elements.length !== count) return undefined;
  const expected = new Map<string, number>();
  for (let turn = Math.max(1, count - keys + 1); turn <= count; turn++) expected.set(`k${turn % keys}`, turn);
  const fits = records.length === expected.size && records.every(([key, turn]) => expected.get(key) === turn);
  return fits ? count : undefined;
}
