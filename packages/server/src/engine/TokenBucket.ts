const SECOND_MS = 1000;
/** What adding up fractions may lose. */
const ROUNDING = 1e-6;

export interface TokenBucketOptions {
  readonly perSecond: number;
  /** seconds for which what is not used is saved up; default 1 */
  readonly burstSeconds?: number;
  /** seconds' worth that must have come back before an empty bucket gives again; default: anything */
  readonly resumeSeconds?: number;
  /** called with every answer that says to wait */
  readonly onEmpty?: () => void;
}

/**
 * So much a second. A cost of any size is let through while anything is left, and those after it wait until what it took is made
 * up for; so a question that is larger than the bucket is answered too, and nobody has to know a cost beforehand.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #size: number;
  readonly #resumeAt: number;
  readonly #onEmpty: (() => void) | undefined;
  #left: number;
  #filledAtMs = 0;
  #isEmpty = false;

  constructor({ perSecond, burstSeconds = 1, resumeSeconds = 0, onEmpty }: TokenBucketOptions) {
    this.#perSecond = perSecond;
    this.#size = perSecond * burstSeconds;
    this.#resumeAt = perSecond * resumeSeconds;
    this.#onEmpty = onEmpty;
    this.#left = this.#size;
  }

  /** Takes a cost and returns 0; or takes nothing and returns the ms to wait before it is asked again. */
  take(cost: number, nowMs: number): number {
    if (cost === 0) return 0;
    const waitMs = this.waitMs(nowMs);
    if (waitMs === 0) this.spend(cost);
    return waitMs;
  }

  /** How long to wait before anything may be taken, ms; 0 = no time. What it cost is told by `spend`. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    if (!this.#isEmpty) return 0;
    this.#onEmpty?.();
    const missing = Math.max(1, this.#resumeAt) - this.#left;
    return Math.max(1, Math.ceil((missing * SECOND_MS) / this.#perSecond - ROUNDING));
  }

  spend(cost: number): void {
    this.#left -= cost;
  }

  /** Whether everything spent has come back: nothing is lost by forgetting the bucket. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#left >= this.#size;
  }

  #fill(nowMs: number): void {
    // A clock that was set back fills nothing, and takes nothing away.
    const passedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    this.#left = Math.min(this.#size, this.#left + (passedMs * this.#perSecond) / SECOND_MS);
    if (this.#left <= 0) this.#isEmpty = true;
    else if (this.#left >= this.#resumeAt - ROUNDING) this.#isEmpty = false;
  }
}
