import type { Logger } from '../utils/logger.js';
import type { RealmLocks, Release } from './RealmLocks.js';

/** Locks of the browser, shared by all tabs and workers of an origin. */
export class WebLocks implements RealmLocks {
  readonly #locks: LockManager;
  readonly #logger: Logger;

  constructor(locks: LockManager, logger: Logger) {
    this.#locks = locks;
    this.#logger = logger;
  }

  acquire(name: string, steal: boolean, granted: () => void, lost: () => void): Release {
    const withdrawal = new AbortController();
    let held = false;
    let released = false;
    let giveBack = (): void => undefined;
    const hold = (): Promise<void> => {
      if (released) return Promise.resolve();
      held = true;
      granted();
      return new Promise((resolve) => {
        giveBack = resolve;
      });
    };
    // The platform refuses `signal` together with `steal`; a theft is granted at once anyway.
    const options: LockOptions = steal ? { steal: true } : { signal: withdrawal.signal };
    this.#locks.request(name, options, hold).catch((error: unknown) => {
      if (released) return; // withdrawn by ourselves
      if (held) lost();
      else this.#logger.error({ error, lock: name }, 'the lock could not be requested');
    });
    return () => {
      if (released) return;
      released = true;
      if (held) giveBack();
      else withdrawal.abort();
    };
  }
}
