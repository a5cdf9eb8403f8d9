import { type ClusterTime, SYSTEM_TIME } from '../ClusterTime.js';

/** The time of one node, which can stand still as that of a process that was stopped does: nothing fires meanwhile, and all of it afterwards. */
export class PausedTime implements ClusterTime {
  #isPaused = false;
  readonly #due = new Set<() => void>();

  monoMs(): number {
    return SYSTEM_TIME.monoMs();
  }

  after(delayMs: number, fire: () => void): () => void {
    const cancel = SYSTEM_TIME.after(delayMs, () => {
      if (this.#isPaused) this.#due.add(fire);
      else fire();
    });
    return () => {
      cancel();
      this.#due.delete(fire);
    };
  }

  pause(): void {
    this.#isPaused = true;
  }

  wake(): void {
    this.#isPaused = false;
    for (const fire of [...this.#due]) {
      this.#due.delete(fire);
      fire();
    }
  }
}
