import { COUNTER_SIZE, HLC, isPackedTime, millisOf, type WallClock } from '@topgun/core';
import type { Batch } from './Batch.js';

const NAME = 'clock';
const PREFIX = 'clock:';
/** How far ahead the stored high-water lies: one record per second of clock, not one per commit. */
const RESERVE_MS = 1_000;

/** How it is stored: the high-water, and how often the clock was set back, if ever. */
type Stored = number | readonly [t: number, resets: number];

/**
 * The clock that the node stamps versions of its own with. It goes on above everything it stamped or took in, over
 * restarts too, because the store holds a time above all of that (CLK-2, T3).
 *
 * A clock that ran far ahead stays there by that very rule, so a repair may set it back (CLK-7). It then stamps under
 * another node id, so that no stamp is ever made twice.
 */
export class OwnerClock {
  readonly #nodeId: string;
  /** of the meta record: nodes of a cluster have one each */
  readonly #name: string;
  readonly #wall: WallClock;
  readonly #maxDriftMs: number;
  #hlc: HLC;
  #resets = 0;
  #reserved = 0;

  constructor(
    nodeId: string,
    wall: WallClock,
    maxDriftMs: number,
    meta: ReadonlyMap<string, unknown>,
    isShared = false,
  ) {
    this.#nodeId = nodeId;
    this.#name = isShared ? PREFIX + nodeId : NAME;
    this.#wall = wall;
    this.#maxDriftMs = maxDriftMs;
    const [t, resets] = readStored(meta.get(this.#name) ?? meta.get(NAME));
    this.#resets = resets;
    this.#hlc = this.#makeHlc();
    if (isPackedTime(t)) {
      this.#hlc.raiseTo(t);
      this.#reserved = t;
    }
    // What other nodes stamped stands in records, too; it comes from far ahead only if their clock did.
    for (const [name, value] of meta) {
      const [other] = name === NAME || name.startsWith(PREFIX) ? readStored(value) : [];
      if (isPackedTime(other)) this.#hlc.updatePacked(other);
    }
  }

  /** Node id of its stamps. */
  get node(): string {
    return this.#hlc.getNodeId;
  }

  get highWater(): number {
    return this.#hlc.highWater;
  }

  /** Whether it stands where nothing that was admitted can have brought it: its wall clock was once far ahead of the present one. */
  get isAhead(): boolean {
    return millisOf(this.highWater) > this.#wall.wallMs() + this.#maxDriftMs + RESERVE_MS;
  }

  stamp(): number {
    return this.#hlc.nowPacked();
  }

  /** Takes in a stamp of an admitted op or a stored record; one from too far ahead leaves the clock where it is (CLK-4). */
  saw(t: number): void {
    this.#hlc.updatePacked(t);
  }

  setBack(): void {
    this.#resets++;
    this.#reserved = 0;
    this.#hlc = this.#makeHlc();
  }

  /** Adds the high-water to a batch that is about to be flushed, when it is due. */
  stage(batch: Batch): void {
    if (this.highWater <= this.#reserved) return;
    this.#reserved = this.highWater + RESERVE_MS * COUNTER_SIZE;
    const stored: Stored = this.#resets === 0 ? this.#reserved : [this.#reserved, this.#resets];
    batch.meta.set(this.#name, stored);
  }

  #makeHlc(): HLC {
    const node = this.#resets === 0 ? this.#nodeId : `${this.#nodeId}~${this.#resets}`;
    return new HLC(node, { clock: this.#wall, maxDriftMs: this.#maxDriftMs });
  }
}

/** Written by `stage`, here or in an earlier life of the node. */
function readStored(value: unknown): readonly [t: number | undefined, resets: number] {
  const stored = value as Stored | undefined;
  return typeof stored === 'object' ? stored : [stored, 0];
}
