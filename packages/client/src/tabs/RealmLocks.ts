/** Gives a lock back, or withdraws the request for it; calling it twice does nothing. */
export type Release = () => void;

/**
 * Locks shared by all realms that may open one store. A lock is freed when its holder dies, however it dies.
 * Callbacks come after the call has returned, never inside it.
 */
export interface RealmLocks {
  /** Waits for the lock, or takes it from its holder with `steal`. `lost` is called if somebody steals it later. */
  acquire(name: string, steal: boolean, granted: () => void, lost: () => void): Release;
}

/** Calls back once nobody holds a lock. */
export function whenFree(locks: RealmLocks, name: string, free: () => void): Release {
  const release = locks.acquire(
    name,
    false,
    () => {
      free();
      // Not inside the grant: the platform holds the lock only when this call has returned.
      queueMicrotask(() => release());
    },
    () => undefined,
  );
  return release;
}
