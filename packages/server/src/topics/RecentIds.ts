/**
 * What was said under an id lately: for `ms` at least, or until half of `max` ids came after it. Kept in two halves, so that forgetting
 * costs nothing per id.
 */
export class RecentIds<T> {
  readonly #ms: number;
  readonly #max: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  #sinceMs = 0;

  constructor(ms: number, max: number) {
    this.#ms = ms;
    this.#max = max;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** `nowMs` of a clock that may step. */
  get(id: string, nowMs: number): T | undefined {
    this.#age(nowMs);
    return this.#young.get(id) ?? this.#old.get(id);
  }

  set(id: string, value: T, nowMs: number): void {
    this.#age(nowMs);
    if (this.#young.size >= this.#max / 2) this.#turn(nowMs);
    this.#young.set(id, value);
  }

  delete(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }

  #age(nowMs: number): void {
    const age = nowMs - this.#sinceMs;
    if (age >= 0 && age < this.#ms) return;
    this.#turn(nowMs);
    if (age >= 2 * this.#ms) this.#old = new Map();
  }

  #turn(nowMs: number): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#sinceMs = nowMs;
  }
}
