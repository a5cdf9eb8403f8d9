import { HLC, millisOf, PACKED_TIME_MAX, packTime } from '@topgun/core';
import type { ClientClock } from './ports.js';
import type { StoreWriter } from './StoreWriter.js';

/** Stamps reserve this much ahead in the store, so that not every tick has to write the mark (CLK-2). */
const RESERVE_MS = 1000;
const OFFSET_MS_NOISE = 20;
const KEY = ['meta', 'clock'] as const;

/** As it stands in the store, of this or an older release. */
type Mark = readonly [highMs: number, offsetMs: number, resets?: number];

/** Stamps of ops made before the store is loaded lie above every real one, in the order of the writes. */
export const DRAFT_T = PACKED_TIME_MAX - 2 ** 32;

/** The realm's clock: local wall clock plus the server's offset, under an HLC that no restart sets back (CLK-2). */
export class RealmClock {
  readonly #clock: ClientClock;
  readonly #store: StoreWriter;
  readonly #drawNode: () => string;
  #hlc: HLC;
  #reservedMs = 0;
  /** How often the clocks of this store were set back (CLK-5). */
  #resets = 0;
  /** The greatest stamp that the server is known to have admitted. */
  #admittedT = 0;
  offsetMs = 0;

  /** `node` is the first node id of its stamps; each time the clock is set back it draws another, so that no stamp is made twice. */
  constructor(node: string, clock: ClientClock, store: StoreWriter, drawNode: () => string) {
    this.#clock = clock;
    this.#store = store;
    this.#drawNode = drawNode;
    this.#hlc = this.#hlcOf(node);
  }

  /** Node id of the stamps it makes. */
  get node(): string {
    return this.#hlc.getNodeId;
  }

  /** The server's time as far as this device knows it, ms. */
  nowMs(): number {
    return Math.round(this.#clock.wallMs() + this.offsetMs);
  }

  monoMs(): number {
    return this.#clock.monoMs();
  }

  /**
   * A stamp above everything this realm made or saw, and above `seenT`, the version the write replaces (CLK-3). A version
   * from too far in the future lifts this one stamp, not the clock; not even the stamp where that `isRefused`: the server admits
   * no stamp above such a version, so the write has lost to it.
   */
  stamp(seenT: number, isRefused: boolean): number {
    const t = this.#hlc.updatePacked(seenT) || isRefused ? this.#hlc.nowPacked() : seenT + 1;
    const high = millisOf(this.#hlc.highWater);
    if (high >= this.#reservedMs) this.#save(high + RESERVE_MS);
    return t;
  }

  /** Takes in the stamp of a pending op. */
  saw(t: number): void {
    this.#hlc.updatePacked(t);
  }

  /** Takes in a stamp that the server has admitted. */
  admitted(t: number): void {
    if (this.#hlc.updatePacked(t) && t > this.#admittedT) this.#admittedT = t;
  }

  /** Sets the clock back to the server's time: what it had stamped, or was told it had, lies too far ahead (CLK-5). */
  reset(resets = this.#resets + 1): void {
    this.#resets = resets;
    this.#hlc = this.#hlcOf(this.#drawNode());
    this.#reservedMs = 0;
    // A stamp taken in while this clock itself was wrong may be as wrong.
    this.#hlc.updatePacked(this.#admittedT);
  }

  /** A mark found in the store or written by another tab. */
  load(stored: unknown): void {
    const [highMs, offsetMs, resets = 0] = stored as Mark;
    this.offsetMs = offsetMs;
    this.#resets = resets;
    this.#reservedMs = Math.max(this.#reservedMs, highMs);
    this.#hlc.raiseTo(packTime(highMs, 0));
  }

  /** Another tab's mark: nothing here was stamped with what it reserves, so the clock stays, unless all are set back. */
  follow(stored: unknown): void {
    const [, offsetMs, resets = 0] = stored as Mark;
    this.offsetMs = offsetMs;
    if (resets > this.#resets) this.reset(resets);
  }

  /** Cristian: the server read its clock in the middle of the round trip. */
  correct(serverMs: number, sentMonoMs: number): void {
    const middle = this.#clock.wallMs() - (this.#clock.monoMs() - sentMonoMs) / 2;
    const offsetMs = serverMs - middle;
    const moved = Math.abs(offsetMs - this.offsetMs) > OFFSET_MS_NOISE;
    this.offsetMs = offsetMs;
    if (moved) this.#save(this.#reservedMs);
  }

  /** Writes the mark once more, to a store that has lost it. */
  rewrite(): void {
    this.#save(this.#reservedMs);
  }

  #save(highMs: number): void {
    this.#reservedMs = highMs;
    // Adding 0 makes 0 of the -0 that rounding may give, which no store admits.
    this.#store.put(KEY, [highMs, Math.round(this.offsetMs) + 0, this.#resets]);
  }

  #hlcOf(node: string): HLC {
    return new HLC(node, { clock: { wallMs: () => this.nowMs() } });
  }
}
