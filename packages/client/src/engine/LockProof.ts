/**
 * Holding the lock is not enough to lead: the holder before may have written what this realm has not heard of. A commit
 * that was made, or a read that was begun, after the lock was granted names a number; once memory has everything up to
 * that, it is what the store held, and the uploader sends only what the log held after it took the lock (SRV-4).
 */
export class LockProof {
  #granted: { readonly tx: number; readonly read: number } | undefined;
  #commit: number | undefined;

  get isHeld(): boolean {
    return this.#granted !== undefined;
  }

  /** The lock is here; `tx` and `read` are the last ids given out before. */
  granted(tx: number, read: number): void {
    this.#granted = { tx, read };
    this.#commit = undefined;
  }

  lost(): void {
    this.#granted = undefined;
    this.#commit = undefined;
  }

  /** A transaction or a read with this id has named a commit. */
  done(what: 'tx' | 'read', id: number, commit: number): void {
    if (this.#granted && id > this.#granted[what]) this.#commit ??= commit;
  }

  /** Whether memory that knows the store up to this commit may lead. */
  isEnough(known: number): boolean {
    return this.#commit !== undefined && known >= this.#commit;
  }
}
