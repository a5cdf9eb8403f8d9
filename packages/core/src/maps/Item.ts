import { PACKED_TIME_MAX } from '../clock/Timestamp.js';
import type { Version } from '../clock/versions.js';
import { hashHi, hashLo, joinHash } from '../hash/hashString.js';
import { rowKey } from '../merkle/rowKey.js';

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
  /** What the tree calls it: the key, or of an element `rowKey(key, tag)`. */
  declare readonly name: string;
  declare readonly key: string;
  declare readonly value: unknown;
  declare readonly tHi: number;
  declare readonly tLo: number;
  declare readonly node: string;
  declare readonly ttlMs: number;
  declare hi: number;
  declare lo: number;

  constructor(name: string, key: string, value: unknown, t: number, node: string, ttlMs: number) {
    this.name = name;
    this.key = key;
    this.value = value;
    this.tHi = hashHi(t);
    this.tLo = hashLo(t);
    this.node = node;
    this.ttlMs = ttlMs;
    this.hi = LOOSE;
    this.lo = 0;
  }

  /** The packed time. Kept in halves, because engines box a number of 53 bits: one object more per record. */
  get t(): number {
    return joinHash(this.tHi, this.tLo);
  }
}

/** An element of an OR map. A removed one keeps the packed time at which this replica learnt of it, for `prune` alone. */
export class Element extends Item {
  declare readonly tag: string;
  declare readonly learnt: number;

  constructor(
    key: string,
    tag: string,
    value: unknown,
    t: number,
    node: string,
    ttlMs: number,
    learnt: number,
  ) {
    super(rowKey(key, tag), key, value, t, node, ttlMs);
    this.tag = tag;
    this.learnt = learnt;
  }
}
