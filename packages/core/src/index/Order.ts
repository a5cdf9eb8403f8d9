import type { QuerySpec } from '../query/compileQuery.js';
import { compareValues } from '../value/compareValues.js';
import type { Part } from './Access.js';
import type { OrderedIndex, Stretch } from './OrderedIndex.js';

/** The order of a query's rows, key included, and the place in it that the rows come behind. */
export interface Order {
  readonly sort: readonly (readonly [path: string, isDescending: boolean])[];
  readonly isKeyDescending: boolean;
  readonly after: { readonly values: readonly unknown[]; readonly key: string } | undefined;
}

export function orderOf({ sort = [], after, before }: QuerySpec): Order {
  const from = after ?? before;
  // Before a position the nearest come first: everything is turned round.
  const isTurned = before !== undefined;
  return {
    sort: sort.map(([path, direction]) => [path, (direction === 'desc') !== isTurned]),
    isKeyDescending: isTurned,
    after: from && { key: from.key, values: from.values.map(([value]) => value) },
  };
}

/**
 * How a stretch delivers an order: which way its fields go, and behind which entry. Undefined when it does not. No part
 * when the whole stretch comes before the place.
 *
 * Paths that the stretch fixes are level in all its rows and play no part, save against the place: there the stretch as a
 * whole comes before or behind.
 */
export function deliver(
  index: OrderedIndex,
  stretch: Stretch,
  { sort, isKeyDescending, after }: Order,
): { readonly isDescending: readonly boolean[]; readonly part: Part | undefined } | undefined {
  const { fixed } = stretch;
  const isDescending: boolean[] = [];
  const fields = [...fixed];
  let isInside = after !== undefined;
  let isBefore = false;
  for (const [at, [path, isDown]] of sort.entries()) {
    const value = after?.values[at];
    const column = index.paths.indexOf(path);
    if (column < 0 || column > fields.length) return undefined;
    if (column < fields.length) {
      const order = isInside ? compareValues(fields[column], value) * (isDown ? -1 : 1) : 0;
      if (order === 0) continue;
      if (isDescending.length > 0) return undefined;
      isInside = false;
      isBefore = order < 0;
    } else {
      fields.push(value);
      isDescending.push(isDown);
    }
  }
  // With paths left over, rows would come sorted by them and not by key.
  if (fields.length < index.paths.length) return undefined;
  isDescending.push(isKeyDescending);
  const entry = isInside && after !== undefined ? { fields, key: after.key } : undefined;
  return { isDescending, part: isBefore ? undefined : { stretch, after: entry } };
}
