import { encodeCanonical } from '@topgun/core';
import { LIMITS, type Position, unpackPositions } from '@topgun/protocol';
import type { Batch } from './Batch.js';
import type { MapState } from './MapState.js';
import type { CursorMac } from './ports.js';
import type { StoreLife } from './Rebirth.js';

/** Name of the meta record that holds the key. */
const NAME = 'cursorKey';

/** A cursor as it is sent: where every partition stands, and the proof that this store said so. */
export interface MintedCursor {
  readonly at: Uint8Array;
  readonly proof: Uint8Array;
}

/**
 * Makes and reads the cursors of whole-map views (RES-3). The proof covers the map and the life of the store, which the
 * device names anyway; so a cursor is good for that map of that store and for nothing else, and says neither.
 */
export class Cursors {
  readonly #mac: CursorMac;
  readonly #life: StoreLife;
  #key: Uint8Array | undefined;
  #isStored = false;

  constructor(mac: CursorMac, life: StoreLife, meta: ReadonlyMap<string, unknown>) {
    this.#mac = mac;
    this.#life = life;
    const stored = meta.get(NAME);
    if (!(stored instanceof Uint8Array)) return;
    this.#key = stored;
    this.#isStored = true;
  }

  /** Undefined for places that take too many bytes; whoever stands there walks. */
  mint(map: MapState, at: Uint8Array): MintedCursor | undefined {
    if (at.length > LIMITS.cursorBytes - LIMITS.proofBytes) return undefined;
    this.#key ??= this.#mac.newKey();
    return { at, proof: this.#prove(map, at, this.#key) };
  }

  /**
   * Adds the key to a batch that is about to be flushed, once it has been used. A crash before that costs little: as long
   * as nothing was committed the roots are equal, and later cursors are proven by a key that is stored.
   */
  stage(batch: Batch): void {
    if (this.#isStored || this.#key === undefined) return;
    this.#isStored = true;
    batch.meta.set(NAME, this.#key);
    batch.claims.set(NAME, undefined);
  }

  /** Another node was the first to need a key. Cursors made with another one are of no use any more. */
  follow(name: string, value: unknown): void {
    if (name !== NAME || !(value instanceof Uint8Array)) return;
    this.#key = value;
    this.#isStored = true;
  }

  /** The places a cursor names; undefined when it was not made here, for this map, in this life of the store. */
  read(map: MapState, cursor: Uint8Array): Position[] | undefined {
    if (this.#key === undefined) return undefined;
    const at = cursor.subarray(0, -LIMITS.proofBytes);
    const proof = cursor.subarray(-LIMITS.proofBytes);
    const expected = this.#prove(map, at, this.#key);
    // Every byte is looked at, so that the time taken tells nothing.
    let difference = expected.length ^ proof.length;
    for (let i = 0; i < expected.length; i++) difference |= (expected[i] as number) ^ (proof[i] ?? 0);
    return difference === 0 ? unpackPositions(at) : undefined;
  }

  #prove({ name, lane }: MapState, at: Uint8Array, key: Uint8Array): Uint8Array {
    // Of what memory alone keeps, nobody can say after a restart what has changed (SRV-10).
    const life = lane.isVolatile ? [this.#life.incarnation, lane.sinceEpoch] : this.#life.incarnation;
    return this.#mac.sign(key, encodeCanonical([name, life, at]));
  }
}
