import { LIMITS } from '@topgun/protocol';

/** The wait of a start: over when all is there, when no time is left, or with what no waiting mends. */
export class Opening {
  #settle: { resolve(): void; reject(error: unknown): void } | undefined;

  /** Begins, and resolves after `LIMITS.busConnectMs` at the latest; what is missing then goes on by itself. */
  wait(begin: () => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const late = setTimeout(resolve, LIMITS.busConnectMs);
      const ended =
        <A extends unknown[]>(settle: (...args: A) => void) =>
        (...args: A): void => {
          clearTimeout(late);
          settle(...args);
        };
      this.#settle = { resolve: ended(resolve), reject: ended(reject) };
      begin();
    });
  }

  done(): void {
    this.#settle?.resolve();
  }

  failed(error: unknown): void {
    this.#settle?.reject(error);
  }
}
