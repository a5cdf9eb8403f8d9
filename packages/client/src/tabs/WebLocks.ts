import type { Logger } from '../utils/logger.js';
import type { RealmLocks, Release } from './RealmLocks.js';

/**
 * Locks of the browser, shared by all tabs and workers of an origin. An origin that the browser gives no locks (sandboxed
 * frame, storage blocked) has its requests refused with `SecurityError`: they go to `inProcess` then. That is safe, because
 * such an origin has no storage either that another tab could share; any other refusal says nothing of that.
 */
export class WebLocks implements RealmLocks {
  readonly #locks: LockManager;
  readonly #logger: Logger;
  readonly #inProcess: RealmLocks;

  constructor(locks: LockManager, logger: Logger, inProcess: RealmLocks) {
    this.#locks = locks;
    this.#logger = logger;
    this.#inProcess = inProcess;
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
      else if ((error as { name?: unknown } | undefined)?.name === 'SecurityError') {
        this.#logger.warn({ error, lock: name }, 'no Web Locks for this origin: locked in this process only');
        held = true;
        giveBack = this.#inProcess.acquire(name, steal, granted, lost);
      } else this.#logger.error({ error, lock: name }, 'the lock could not be requested');
    });
    return () => {
      if (released) return;
      released = true;
      if (held) giveBack();
      else withdrawal.abort();
    };
  }
}
