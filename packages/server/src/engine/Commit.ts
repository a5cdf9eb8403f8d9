import type { Connection } from './Connection.js';
import type { Lane } from './Lane.js';
import type { Change, MapState } from './MapState.js';
import type { Op } from './Op.js';
import type { Purge } from './Purge.js';

/** One durable commit, as those who publish it see it. */
export interface Commit {
  readonly ops: readonly Op[];
  /** what changed, by map */
  readonly changes: ReadonlyMap<MapState, readonly Change[]>;
  /** partitions in which ops took an offset, by map, changed rows or not */
  readonly touched: ReadonlyMap<MapState, ReadonlySet<number>>;
  /** who wrote, joined ones included */
  readonly writers: ReadonlySet<Connection>;
  readonly meta: ReadonlyMap<string, unknown>;
  readonly purges: readonly Purge[];
  /** of all its maps */
  readonly lane: Lane;
}
