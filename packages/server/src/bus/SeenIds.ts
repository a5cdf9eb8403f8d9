import { LIMITS } from '@topgun/protocol';

/**
 * Ids of the messages that this node has delivered, for a minute at least, or the last ones where they are too many: whatever comes again is
 * told from what is new. Two generations, of which the older one goes as a whole.
 */
export class SeenIds {
  #young = new Set<string>();
  #old = new Set<string>();
  #sinceMs: number;
  #oldSinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
    this.#oldSinceMs = nowMs;
  }

  /** All that came since are known, ms since the epoch of Unix. */
  get sinceMs(): number {
    return this.#oldSinceMs;
  }

  /** False where it was there already. */
  add(topic: string, id: string, nowMs: number): boolean {
    if (this.has(topic, id)) return false;
    if (this.#young.size >= LIMITS.busSeenCount / 2 || nowMs - this.#sinceMs >= LIMITS.busSeenMs) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#oldSinceMs = this.#sinceMs;
      this.#sinceMs = nowMs;
    }
    this.#young.add(`${id} ${topic}`);
    return true;
  }

  has(topic: string, id: string): boolean {
    const key = `${id} ${topic}`;
    return this.#young.has(key) || this.#old.has(key);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
