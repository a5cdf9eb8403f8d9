import {
  assertPacked,
  COUNTER_SIZE,
  compareStamps,
  isText,
  millisOf,
  PACKED_TIME_MAX,
  packTime,
  stampOf,
  type Timestamp,
  timestampOf,
} from './clock/Timestamp.js';
import { mapError } from './errors.js';

/** Where an HLC reads the time: ms since the epoch. It may stand still, step back or jump. */
export interface WallClock {
  wallMs(): number;
}

/** How an HLC is made. */
export interface HLCOptions {
  readonly clock: WallClock;
  /** Refuse remote stamps beyond the drift by an error instead of by `false`. Default false. */
  readonly strictMode?: boolean;
  /** How far a remote stamp may be ahead of the wall clock, in ms. Default 60,000. */
  readonly maxDriftMs?: number;
  /** Packed time that every stamp shall exceed, as stored by an earlier run. */
  readonly highWater?: number;
}

const DRIFT_MS_MAX_DEFAULT = 60_000;

/**
 * A hybrid logical clock: stamps that follow the wall clock where it can be trusted and causality where it cannot.
 *
 * The whole state is one packed time, the last stamp made or accepted. A stamp is the wall clock in its first
 * millisecond slot if that is later, else the last stamp plus one, so a full counter spills into the next millisecond
 * (CLK-1) and stamps are strictly monotone under frozen, backward and jumping clocks (CLK-2).
 * Source: Kulkarni et al. 2014, "Logical Physical Clocks". Departure: receiving does not spend a tick of its own, since
 * the next `now()` is greater than everything accepted anyway.
 */
export class HLC {
  /** The injected clock; readers of expiring records use it too. */
  readonly clock: WallClock;
  readonly #nodeId: string;
  readonly #strictMode: boolean;
  readonly #maxDriftMs: number;
  // A number from the start, so that engines keep it unboxed.
  #last = 0;

  /** Throws `NODE_INVALID` for an empty node id and `TIMESTAMP_FORMAT` for a bad `highWater`. */
  constructor(nodeId: string, options: HLCOptions) {
    if (!isText(nodeId)) throw mapError('NODE_INVALID', 'The node id of a clock is empty');
    this.clock = options.clock;
    this.#nodeId = nodeId;
    this.#strictMode = options.strictMode ?? false;
    this.#maxDriftMs = options.maxDriftMs ?? DRIFT_MS_MAX_DEFAULT;
    this.#last = assertPacked(options.highWater ?? 0);
  }

  get getNodeId(): string {
    return this.#nodeId;
  }

  get getStrictMode(): boolean {
    return this.#strictMode;
  }

  get getMaxDriftMs(): number {
    return this.#maxDriftMs;
  }

  /** The greatest packed time made or accepted so far; store it and pass it to the next clock of this node. */
  get highWater(): number {
    return this.#last;
  }

  /** A new stamp, greater than every stamp this clock has made or accepted. */
  now(): Timestamp {
    return timestampOf(this.nowPacked(), this.#nodeId);
  }

  /** Like `now()`, as a packed time. Throws `HLC_DRIFT` when no packed time is left, in the year 2109. */
  nowPacked(): number {
    const wall = Math.floor(this.clock.wallMs()) * COUNTER_SIZE;
    // NaN and infinity fail the comparison: a broken clock counts as a frozen one.
    const next = wall > this.#last && wall <= PACKED_TIME_MAX ? wall : this.#last + 1;
    if (next > PACKED_TIME_MAX) throw mapError('HLC_DRIFT', 'No time is left to stamp');
    this.#last = next;
    return next;
  }

  /**
   * Takes in a stamp seen from another node; every later `now()` is greater than it.
   *
   * Returns false, and leaves the clock unchanged, when the stamp is more than `maxDriftMs` ahead of the wall clock; in
   * strict mode that throws `HLC_DRIFT` instead. Throws `TIMESTAMP_FORMAT` for what is no timestamp.
   */
  update(remote: Timestamp): boolean {
    return this.updatePacked(stampOf(remote).t);
  }

  /** Like `update()`, for a packed time. */
  updatePacked(t: number): boolean {
    assertPacked(t);
    if (t <= this.#last) return true;
    const aheadMs = millisOf(t) - this.clock.wallMs();
    if (aheadMs <= this.#maxDriftMs) {
      this.#last = t;
      return true;
    }
    if (!this.#strictMode) return false;
    throw mapError(
      'HLC_DRIFT',
      `Clock drift detected: a stamp is ${aheadMs} ms ahead, allowed are ${this.#maxDriftMs}`,
    );
  }

  /** Lifts the clock over a packed time that is known to be good, such as a stored high-water, however far ahead. */
  raiseTo(t: number): void {
    if (assertPacked(t) > this.#last) this.#last = t;
  }

  /** Orders timestamps by millis, counter, then node id by code unit (CLK-1). */
  static compare(a: Timestamp, b: Timestamp): number {
    return compareStamps(packTime(a.millis, a.counter), a.nodeId, packTime(b.millis, b.counter), b.nodeId);
  }

  /** `millis:counter:nodeId` */
  static toString(timestamp: Timestamp): string {
    return `${timestamp.millis}:${timestamp.counter}:${timestamp.nodeId}`;
  }

  /** Reads what `HLC.toString` wrote; the node id may contain colons. Throws `TIMESTAMP_FORMAT`. */
  static parse(text: string): Timestamp {
    const match = /^(0|[1-9]\d{0,12}):(0|[1-9]\d{0,3}):([\s\S]+)$/.exec(text);
    const parsed = match && {
      millis: Number(match[1]),
      counter: Number(match[2]),
      nodeId: match[3] as string,
    };
    if (!parsed) throw mapError('TIMESTAMP_FORMAT', `Invalid timestamp format: ${String(text).slice(0, 80)}`);
    stampOf(parsed);
    return parsed;
  }
}
