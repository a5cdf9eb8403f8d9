import type { Replica } from './Replica.js';
import type { ReplicaMap } from './ReplicaMap.js';

/**
 * The map whose rows a full store loses first: of those that nobody has open the one that has been without news for longest. Whole maps,
 * so that no half of a transaction is left. The server gives it again to whoever opens it: its root then differs.
 */
export function oldestMap(replica: Replica, isInUse: (map: string) => boolean): ReplicaMap | undefined {
  let oldest: ReplicaMap | undefined;
  let oldestT = Number.POSITIVE_INFINITY;
  for (const map of replica.maps.values()) {
    if (map.base.size === 0 || isInUse(map.name)) continue;
    let t = 0;
    for (const row of map.base.values()) t = Math.max(t, row.t);
    // One with writes that wait keeps what they were made on.
    if (t >= oldestT || !map.overlay.isEmpty) continue;
    oldest = map;
    oldestT = t;
  }
  return oldest;
}
