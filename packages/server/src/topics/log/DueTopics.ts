/**
 * Topics by the second in which something of them falls due. A topic lies in one second at most, the earliest it was added for, so that the
 * size is that of the topics and not of their messages.
 */
export class DueTopics<T> {
  readonly #seconds = new Map<number, Set<T>>();
  readonly #secondOf = new Map<T, number>();
  /** all seconds up to it are empty */
  #emptyTo = Number.MAX_SAFE_INTEGER;

  /** `ms`: since the epoch of Unix. */
  add(topic: T, ms: number): void {
    // It is due when its second is over.
    const second = Math.floor(ms / 1000) + 1;
    const known = this.#secondOf.get(topic);
    if (known !== undefined && known <= second) return;
    if (known !== undefined) this.#remove(topic, known);
    const topics = this.#seconds.get(second);
    if (topics === undefined) this.#seconds.set(second, new Set([topic]));
    else topics.add(topic);
    this.#secondOf.set(topic, second);
    this.#emptyTo = Math.min(this.#emptyTo, second - 1);
  }

  /** One that is due, and lies nowhere any more. */
  take(nowMs: number): T | undefined {
    const now = Math.floor(nowMs / 1000);
    if (this.#emptyTo >= now) return undefined;
    for (; this.#emptyTo < now; this.#emptyTo++) {
      // After a long pause there may be more empty seconds than filled ones.
      if (now - this.#emptyTo > this.#seconds.size) this.#skipTo(now);
      const topics = this.#seconds.get(this.#emptyTo + 1);
      if (topics !== undefined) return this.#first(topics, this.#emptyTo + 1);
    }
    return undefined;
  }

  /** Moves on to the first second that is filled, at most to the one given. */
  #skipTo(now: number): void {
    let first = now;
    for (const second of this.#seconds.keys()) first = Math.min(first, second);
    this.#emptyTo = Math.max(this.#emptyTo, first - 1);
  }

  #first(topics: ReadonlySet<T>, second: number): T | undefined {
    for (const topic of topics) {
      this.#remove(topic, second);
      return topic;
    }
    return undefined;
  }

  #remove(topic: T, second: number): void {
    const topics = this.#seconds.get(second);
    topics?.delete(topic);
    if (topics?.size === 0) this.#seconds.delete(second);
    this.#secondOf.delete(topic);
  }
}
