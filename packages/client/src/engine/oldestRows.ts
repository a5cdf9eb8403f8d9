import * as LIMITS from '@topgun/protocol/limits';
import type { Replica } from './Replica.js';

/**
 * The rows of base that a full store loses first: of maps that nobody has open, without own writes on them, the oldest by
 * their stamps. The server has them, and gives them again to whoever opens the map: its root then differs.
 */
export function oldestRows(
  replica: Replica,
  isInUse: (map: string) => boolean,
): readonly (readonly [map: string, item: string])[] {
  const found: (readonly [t: number, map: string, item: string])[] = [];
  for (const map of replica.maps.values()) {
    if (isInUse(map.name)) continue;
    for (const [item, row] of map.base) if (!map.overlay.has(row.key)) found.push([row.t, map.name, item]);
  }
  found.sort(([a], [b]) => a - b);
  return found.slice(0, LIMITS.evictedRows).map(([, map, item]) => [map, item]);
}
