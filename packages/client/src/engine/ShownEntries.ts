export type Entry = readonly [key: string, value: unknown];

/** What a map says about its keys. */
export interface EntrySource {
  nowMs(): number;
  /** All keys that may have an entry, each at least once. */
  keys(): Iterable<string>;
  /** What the entry of a key holds; undefined without one. */
  entryOf(key: string): unknown;
  /** Server time after `nowMs` at which the entry changes by itself, ms; Infinity when it will not; undefined without a time to live. */
  endOf(key: string, nowMs: number): number | undefined;
}

/** Hears what a key showed and shows now; one and the same value where only those who hold its row may be others. */
export type Follower = (key: string, before: unknown, now: unknown) => void;

/**
 * The entries that a map shows. What changes is noted by key and looked at when somebody asks, once however often it changed; so a
 * write costs what it touches, and nothing where nobody asks.
 */
export class ShownEntries {
  /** What hears of every change of an entry from now on, at the time it is looked at. */
  follower: Follower | undefined;
  readonly #source: EntrySource;
  readonly #byKey = new Map<string, Entry>();
  #changed = new Set<string>();
  #list: readonly Entry[] | undefined;
  /** By key that has one: when its entry changes by itself. */
  readonly #ends = new Map<string, number>();
  /** No end comes before. */
  #nextEndMs = Number.POSITIVE_INFINITY;
  #lookedAtMs = Number.POSITIVE_INFINITY;
  #isTimed = false;

  constructor(source: EntrySource) {
    this.#source = source;
  }

  /** The entry of a key may be another, or who holds its row. */
  touch(key: string): void {
    // Before the first look there is nothing to compare with.
    if (this.#isLookedAt) this.#changed.add(key);
  }

  /** The entries now, by key; the same object for ever. */
  look(): ReadonlyMap<string, Entry> {
    this.#noteTime(this.#source.nowMs());
    if (this.#changed.size > 0) {
      const changed = this.#changed;
      this.#changed = new Set();
      for (const key of changed) this.#lookAt(key);
    }
    return this.#byKey;
  }

  /** The entries now; the same array until one of them changes. */
  list(): readonly Entry[] {
    const entries = this.look();
    this.#list ??= [...entries.values()];
    return this.#list;
  }

  get #isLookedAt(): boolean {
    return this.#lookedAtMs < Number.POSITIVE_INFINITY;
  }

  /** What has changed by time alone. A device's clock may be set back, and what had ended begins again. */
  #noteTime(nowMs: number): void {
    if (nowMs < this.#lookedAtMs && (this.#isTimed || !this.#isLookedAt))
      for (const key of this.#source.keys()) this.#changed.add(key);
    this.#lookedAtMs = nowMs;
    if (nowMs < this.#nextEndMs) return;
    this.#nextEndMs = Number.POSITIVE_INFINITY;
    for (const [key, endMs] of this.#ends) {
      if (endMs <= nowMs) this.#changed.add(key);
      else this.#nextEndMs = Math.min(this.#nextEndMs, endMs);
    }
  }

  #lookAt(key: string): void {
    const endMs = this.#source.endOf(key, this.#lookedAtMs);
    if (endMs !== undefined) {
      this.#isTimed = true;
      this.#ends.set(key, endMs);
      this.#nextEndMs = Math.min(this.#nextEndMs, endMs);
    } else if (this.#isTimed) this.#ends.delete(key);
    const before = this.#byKey.get(key)?.[1];
    const now = this.#source.entryOf(key);
    if (now !== before) {
      this.#list = undefined;
      if (now === undefined) this.#byKey.delete(key);
      else this.#byKey.set(key, [key, now]);
    }
    this.follower?.(key, before, now);
  }
}
