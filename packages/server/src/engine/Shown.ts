import type { LiveTree } from './LiveTree.js';
import type { MapState } from './MapState.js';
import type { Row } from './Row.js';

/** What somebody is shown of a map, all of it or the result of a query, and its digests: what the Merkle walk goes over. */
export interface Shown {
  readonly map: MapState;
  readonly tree: LiveTree;
  /** What of a committed row is seen; undefined when it is absent or hidden. */
  seen(row: Row | undefined): unknown;
}
