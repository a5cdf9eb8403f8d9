import { HLC, millisOf, PACKED_TIME_MAX, packTime } from '@topgun/core';
import type { ClientClock } from './ports.js';
import type { StoreWriter } from './StoreWriter.js';

/** Stamps reserve this much ahead in the store, so that not every tick has to write the mark (CLK-2). */
const RESERVE_MS = 1000;
const OFFSET_MS_NOISE = 20;
const KEY = ['meta', 'clock'] as const;

/** Stamps of ops made before the store is loaded lie above every real one, in the order of the writes. */
export const DRAFT_T = PACKED_TIME_MAX - 2 ** 32;

/** The realm's clock: local wall clock plus the server's offset, under an HLC that no restart sets back (CLK-2). */
export class RealmClock {
  readonly #clock: ClientClock;
  readonly #store: StoreWriter;
  readonly #hlc: HLC;
  #reservedMs = 0;
  offsetMs = 0;

  constructor(session: string, clock: ClientClock, store: StoreWriter) {
    this.#clock = clock;
    this.#store = store;
    this.#hlc = new HLC(session, { clock: { wallMs: () => this.nowMs() } });
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
   * from too far in the future lifts this one stamp, not the clock.
   */
  stamp(seenT: number): number {
    const t = this.#hlc.updatePacked(seenT) ? this.#hlc.nowPacked() : seenT + 1;
    const high = millisOf(this.#hlc.highWater);
    if (high >= this.#reservedMs) this.#save(high + RESERVE_MS);
    return t;
  }

  /** Takes in a stamp of base or log. */
  saw(t: number): void {
    this.#hlc.updatePacked(t);
  }

  /** A mark found in the store or written by another tab. */
  load(stored: unknown): void {
    // Written by #save.
    const [highMs, offsetMs] = stored as readonly [number, number];
    this.offsetMs = offsetMs;
    this.#reservedMs = Math.max(this.#reservedMs, highMs);
    this.#hlc.raiseTo(packTime(highMs, 0));
  }

  /** Another tab's mark: nothing here was stamped with what it reserves, so the clock stays. */
  follow(stored: unknown): void {
    this.offsetMs = (stored as readonly [number, number])[1];
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
    this.#store.put(KEY, [highMs, Math.round(this.offsetMs) + 0]);
  }
}
