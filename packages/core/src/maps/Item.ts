import { PACKED_TIME_MAX } from '../clock/Timestamp.js';
import type { Version } from '../clock/versions.js';

/**
 * The packed time of every removal in an OR map: replicas agree that a tag is removed and not on when, and a removal is
 * final, so it stands above every stamp a version can have.
 */
export const REMOVAL_TIME = PACKED_TIME_MAX;

/** In `Item.hi`: the item waits to be hashed and is not in the tree. */
export const DIRTY = -1;
/** In `Item.hi`: the item is in no map, or left it while it waited. */
export const LOOSE = -2;

/**
 * What a map keeps of one record: a version, which never changes, and the halves of its digest once it is hashed.
 *
 * One class, always the same fields of the same kinds, because engines store and read such objects fastest; the fields
 * are declared and not defined, so that each is written once. `value` undefined means deleted, `ttlMs` 0 for ever.
 */
export class Item implements Version {
  declare readonly key: string;
  declare readonly value: unknown;
  declare readonly t: number;
  declare readonly node: string;
  declare readonly ttlMs: number;
  declare hi: number;
  declare lo: number;

  constructor(key: string, value: unknown, t: number, node: string, ttlMs: number) {
    this.key = key;
    this.value = value;
    this.t = t;
    this.node = node;
    this.ttlMs = ttlMs;
    this.hi = LOOSE;
    this.lo = 0;
  }
}

/** An element of an OR map. A removed one keeps the packed time at which this replica learnt of it, for `prune` alone. */
export class Element extends Item {
  declare readonly tag: string;
  declare readonly learnt: number;

  constructor(
    key: string,
    tag: string | undefined,
    value: unknown,
    t: number,
    node: string,
    ttlMs: number,
    learnt: number,
  ) {
    super(key, value, t, node, ttlMs);
    // A missing tag is refused before the element enters a map.
    this.tag = tag as string;
    this.learnt = learnt;
  }
}
