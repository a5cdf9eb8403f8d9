import { LIMITS } from '@topgun/protocol';
import type { Client } from 'pg';
import { serverError } from '../../errors.js';
import { sqlStateOf } from './faults.js';

export interface GuardParts {
  readonly key: readonly [number, number];
  /** Others may hold it, too, who share it; who does not excludes them all. */
  readonly isShared: boolean;
  /** Makes a connection that is fit for the store. */
  readonly connect: () => Promise<Client>;
  /** how long an opening waits for the lock */
  readonly heldMs: number;
  /** The lock is held again after the connection had been lost. */
  readonly regained: (client: Client) => Promise<void>;
  /** for errors that do not pass: the guard gives up */
  readonly onFault: (error: unknown) => boolean;
  /** Waits; rejects when the store closes. */
  readonly rest: (round: number) => Promise<void>;
}

/**
 * One connection that holds a lock as long as the server lives (STO-34): a second server is refused at its start instead of fencing off the
 * first. It is for order, not for safety, which is the fence's: the lock goes with the connection, and is taken again with the next.
 */
export class Guard {
  readonly #parts: GuardParts;
  #client: Client | undefined;
  #isClosed = false;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** Throws STORE_LOCKED when another server holds the lock and does not let go of it in time. */
  async open(): Promise<Client> {
    const client = await this.#parts.connect();
    this.#client = client;
    await this.#lock(client, this.#parts.heldMs);
    this.#watch(client);
    return client;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = this.#client;
    this.#client = undefined;
    // It has it; its types do not say so. A connection that never closes keeps no process alive.
    (client as { unref?(): void } | undefined)?.unref?.();
    await client?.end().catch(() => undefined);
  }

  async #lock(client: Client, waitMs: number): Promise<void> {
    try {
      await client.query(`set lock_timeout = ${waitMs}; set statement_timeout = ${waitMs + 1_000}`);
      const lock = this.#parts.isShared ? 'pg_advisory_lock_shared' : 'pg_advisory_lock';
      await client.query(`select ${lock}($1, $2)`, [...this.#parts.key]);
      await client.query('reset lock_timeout; reset statement_timeout');
    } catch (error) {
      if (sqlStateOf(error) !== '55P03') throw error;
      const who = this.#parts.isShared ? 'A server that is no node of a cluster' : 'Another server';
      throw serverError('STORE_LOCKED', `${who} has this database open.`, error);
    }
  }

  #watch(client: Client): void {
    client.once('end', () => {
      if (!this.#isClosed) void this.#regain();
    });
  }

  async #regain(): Promise<void> {
    for (let round = 0; !this.#isClosed; round++) {
      let client: Client | undefined;
      try {
        await this.#parts.rest(round);
        client = await this.#parts.connect();
        await this.#parts.regained(client);
        await this.#lock(client, LIMITS.databaseLockMs);
        if (this.#isClosed) break;
        this.#client = client;
        this.#watch(client);
        return;
      } catch (error) {
        await client?.end().catch(() => undefined);
        if (this.#isClosed || !this.#parts.onFault(error)) return;
      }
    }
  }
}
