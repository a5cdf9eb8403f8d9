import type { CommitResult } from './Store.js';

/** How the next commit is to end badly: nothing stored; stored or not, but the answer is lost. */
export type CommitFault = Exclude<CommitResult, 'committed'>;

/**
 * Lets tests stand between a store and its disk: hold flushes back, or make commits end badly. A store without a gate
 * runs as if every door were open.
 */
export class CommitGate {
  #waiting: (() => void)[] = [];
  #held = false;
  #faults: CommitFault[] = [];

  /** From now on no commit completes. */
  hold(): void {
    this.#held = true;
  }

  /** Lets everything held back complete. */
  release(): void {
    this.#held = false;
    for (const proceed of this.#waiting.splice(0)) proceed();
  }

  /** The next commit, and as many more as this is called, ends with this fault. */
  failNext(fault: CommitFault): void {
    this.#faults.push(fault);
  }

  /** Commits whose flush is being held back. */
  get heldCount(): number {
    return this.#waiting.length;
  }

  /** Called by a store before it writes. */
  takeFault(): CommitFault | undefined {
    return this.#faults.shift();
  }

  /** Called by a store once its flush is done; a promise only while flushes are held. */
  flushed(): Promise<void> | undefined {
    if (!this.#held) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
