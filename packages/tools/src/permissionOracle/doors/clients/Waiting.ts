const DEADLINE_MS = 30_000;

/** Waits until something that arrives makes it so. */
export class Waiting {
  #wake: () => void = () => undefined;

  /** Something has arrived. */
  arrived(): void {
    this.#wake();
  }

  /** The deadline is against hanging, and long: a busy machine stands still for seconds. */
  async until(isSo: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!isSo()) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`${what} did not come within ${DEADLINE_MS} ms.`);
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
  }
}
