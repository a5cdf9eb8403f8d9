import { passing, TopGunError } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';
import { contextOf } from './clientContext.js';
import type { TopGunClient } from './TopGunClient.js';
import type { Unsubscribe } from './utils/Listeners.js';

export const logoutErrors = {
  LOGOUT_UNSYNCED: passing(
    TEXTS && 'Wait for `client.whenSynced()`, or call logout with `force: true` to lose these writes.',
  ),
};

/** Logging out would lose writes that the server has not got: `count` of them. Nothing has changed. */
export class LogoutError extends TopGunError {
  readonly count: number;

  constructor(count: number) {
    const message = `${count} writes on this device have not reached the server.`;
    super({ code: 'LOGOUT_UNSYNCED', message, ...logoutErrors.LOGOUT_UNSYNCED });
    this.count = count;
  }
}

/**
 * Ends the session on this device: deletes everything in its store, pending writes, journals and the client's identity included, drops
 * what all tabs show, and closes the client in all tabs. Works offline. Whoever signs in next makes a new `TopGunClient`, which begins
 * with nothing.
 *
 * Rejects with `LOGOUT_UNSYNCED` (a `LogoutError`) as long as writes of any tab are unanswered, or stale ones wait for a decision;
 * `force` loses them. Rejects with the storage's error when the store cannot be wiped, and everything goes on then. The wipe is one
 * transaction: after a crash all is there or nothing. A tab that was frozen meanwhile finds out when it wakes; what it still writes, nobody
 * ever reads.
 */
export async function logout(client: TopGunClient, { force = false } = {}): Promise<void> {
  const { engine, logout: leave } = contextOf(client);
  if (!force) {
    // What other tabs and earlier starts have left in the store counts, too.
    await client.whenReady();
    const count = engine.pendingOps() + engine.parkedWrites().length;
    if (count > 0) throw new LogoutError(count);
  }
  await leave();
}

/** Calls back in every tab when somebody has logged out, in whatever tab: the client is closed, and the app shows its door. */
export const onLogout = (client: TopGunClient, callback: () => void): Unsubscribe =>
  contextOf(client).events.of('loggedOut').add(callback);
