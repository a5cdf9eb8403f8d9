/** Sizes of maps by family, the largest first. */
export interface MapFamilies {
  readonly sizes: readonly (readonly [family: string, items: number])[];
  /** families that were added up as `other` */
  readonly folded: number;
}

/** What a name may show: its first part. `rooms:kitchen` and `rooms:attic` are `rooms:*`; `todos` is `todos`. */
export function familyOf(map: string): string {
  const end = map.search(/[:/]/);
  return end < 0 ? map : `${map.slice(0, end + 1)}*`;
}

const OTHER = 'other';

/**
 * Adds maps up by family. Names of maps are made by apps, often one map to a user or a room: one series to each would have no bound and
 * would tell who there is. At most `max` families are named, those with most items; the rest is `other`. O(maps).
 */
export function mapFamilies(maps: Iterable<readonly [map: string, items: number]>, max: number): MapFamilies {
  const items = new Map<string, number>();
  for (const [map, count] of maps) {
    const family = familyOf(map);
    items.set(family, (items.get(family) ?? 0) + count);
  }
  const sizes = [...items].sort(([a, many], [b, few]) => few - many || (a < b ? -1 : 1));
  const rest = sizes.splice(max);
  if (rest.length > 0) sizes.push([OTHER, rest.reduce((sum, [, count]) => sum + count, 0)]);
  return { sizes, folded: rest.length };
}
