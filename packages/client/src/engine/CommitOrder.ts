/**
 * Brings the commits of all realms on a store into the order of their numbers (TX-3). A commit that comes too early waits
 * for those before it; what is missing for long is a gap, and then the store is read again.
 */
export class CommitOrder {
  #known: number | undefined;
  #expected = 0;
  readonly #early = new Map<number, () => void>();

  /** The last commit without a gap before it; undefined before the first read. */
  get known(): number | undefined {
    return this.#known;
  }

  get hasGap(): boolean {
    return this.#known !== undefined && (this.#early.size > 0 || this.#expected > this.#known);
  }

  /** Another realm knows of this commit; if nobody tells of it, it is missing. */
  expect(commit: number): void {
    this.#expected = Math.max(this.#expected, commit);
  }

  /** Applies a commit now or when its turn comes; one that a read has covered is dropped. */
  take(commit: number, apply: () => void): void {
    if (this.#known !== undefined && commit <= this.#known) return;
    this.#early.set(commit, apply);
    this.#drain();
  }

  /** The store was read at this commit. */
  reset(commit: number): void {
    this.#known = commit;
    this.#expected = 0;
    for (const early of this.#early.keys()) if (early <= commit) this.#early.delete(early);
    this.#drain();
  }

  #drain(): void {
    while (this.#known !== undefined) {
      const apply = this.#early.get(this.#known + 1);
      if (!apply) return;
      this.#early.delete(++this.#known);
      apply();
    }
  }
}
