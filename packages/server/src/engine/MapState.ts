import type { Kind } from '@topgun/protocol';
import type { Offset } from '../storage/Store.js';
import { LiveTree } from './LiveTree.js';
import type { Op } from './Op.js';
import type { Row } from './Row.js';

/** A committed change of one item: what stands now, and what stood before. */
export interface Change {
  readonly row: Row;
  readonly old: Row | undefined;
}

/**
 * One map in memory: what is durable, and above it what is being flushed and what waits for the next flush. Decisions
 * about writes look through all three; everything that leaves the node looks at `committed` alone (SRV-1).
 */
export class MapState {
  readonly name: string;
  /** unknown until the first write; then for ever (DAT-2) */
  kind: Kind | undefined;
  /** whether the meta record with the kind is durable */
  isFounded = false;
  readonly committed = new Map<string, Row>();
  inFlight = new Map<string, Row>();
  open = new Map<string, Row>();
  /** view groups and queries on it; a name that nobody wrote to lives as long as somebody looks at it */
  readers = 0;
  /** ops that wait until the meta record is durable */
  parked: Op[] = [];
  /** the last offset an op of this map took, by partition, as far as somebody looked at the map then */
  readonly reached = new Map<number, Offset>();
  /** digests of everything, unmasked */
  readonly tree: LiveTree;

  constructor(name: string, dirtyItems: number) {
    this.name = name;
    this.tree = new LiveTree(dirtyItems);
  }

  /** The row a write meets: staged before committed. */
  current(item: string): Row | undefined {
    // Mostly one of the staged layers is empty, and asking for the size is cheaper than looking up.
    if (this.open.size > 0) {
      const row = this.open.get(item);
      if (row !== undefined) return row;
    }
    if (this.inFlight.size > 0) {
      const row = this.inFlight.get(item);
      if (row !== undefined) return row;
    }
    return this.committed.get(item);
  }
}
