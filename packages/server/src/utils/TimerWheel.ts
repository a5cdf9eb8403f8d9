/** What a wheel holds. One thing is in one wheel at most. */
export interface Wheeled {
  /** where it lies; -1: in no wheel. Written by the wheel alone. */
  wheelSlot: number;
}

export interface TimerWheelOptions<T> {
  /** how far ahead the wheel reaches is `slots * slotMs`; what is due later is asked on the way */
  readonly slots: number;
  readonly slotMs: number;
  /** ms of the clock that `advance` is called with */
  readonly startMs: number;
  /**
   * The time of a thing has come, or the end of the wheel's reach. Returns when it is to be asked next; undefined: not again, unless it
   * was added meanwhile.
   */
  readonly due: (item: T, nowMs: number) => number | undefined;
}

/**
 * Finds what is due among very many without a timer for each: things lie in slots of time, and only those of the slots that have passed are
 * looked at. It has no clock; whoever has one calls `advance`, best once per slot. A thing is asked up to a slot late, never early unless it is
 * due beyond the wheel's reach: it then says again when.
 */
export class TimerWheel<T extends Wheeled> {
  readonly #slots: readonly Set<T>[];
  readonly #slotMs: number;
  readonly #due: TimerWheelOptions<T>['due'];
  /** slots that have passed since the clock's beginning */
  #passed: number;

  constructor({ slots, slotMs, startMs, due }: TimerWheelOptions<T>) {
    this.#slots = Array.from({ length: slots }, () => new Set<T>());
    this.#slotMs = slotMs;
    this.#due = due;
    this.#passed = Math.floor(startMs / slotMs);
  }

  get size(): number {
    return this.#slots.reduce((sum, { size }) => sum + size, 0);
  }

  /** Asks the thing at this time, instead of any other. */
  add(item: T, atMs: number): void {
    this.remove(item);
    const first = this.#passed + 1;
    const last = this.#passed + this.#slots.length - 1;
    const slot = Math.min(Math.max(Math.ceil(atMs / this.#slotMs), first), last) % this.#slots.length;
    item.wheelSlot = slot;
    this.#slots[slot]?.add(item);
  }

  remove(item: T): void {
    this.#slots[item.wheelSlot]?.delete(item);
    item.wheelSlot = -1;
  }

  advance(nowMs: number): void {
    const target = Math.floor(nowMs / this.#slotMs);
    // After a long sleep every slot has passed, and once is enough.
    this.#passed = Math.max(this.#passed, target - this.#slots.length);
    while (this.#passed < target) {
      this.#passed++;
      const slot = this.#slots[this.#passed % this.#slots.length] as Set<T>;
      for (const item of slot) {
        this.remove(item);
        const nextMs = this.#due(item, nowMs);
        if (nextMs !== undefined) this.add(item, nextMs);
      }
    }
  }
}
