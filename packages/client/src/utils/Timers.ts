/** Longest delay the platform's timers take; longer ones fire at once instead. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/**
 * Named one-shot timers: arming a name again replaces it. A delay of 0 fires in a microtask, so that what happened in
 * one turn is handled together before the turn ends. All timers of a client are here, so closing leaves none behind.
 */
export class Timers {
  readonly #cancels = new Map<string, () => void>();

  arm(name: string, delayMs: number, due: () => void): void {
    this.cancel(name);
    let live = true;
    const fire = (): void => {
      if (!live) return;
      this.#cancels.delete(name);
      due();
    };
    if (delayMs <= 0) {
      queueMicrotask(fire);
      this.#cancels.set(name, () => {
        live = false;
      });
    } else {
      const handle = setTimeout(fire, Math.min(delayMs, DELAY_MS_MAX));
      this.#cancels.set(name, () => clearTimeout(handle));
    }
  }

  cancel(name: string): void {
    this.#cancels.get(name)?.();
    this.#cancels.delete(name);
  }

  cancelAll(): void {
    for (const name of [...this.#cancels.keys()]) this.cancel(name);
  }
}
