import pg from 'pg';
import type { Statement } from './clusterStatements.js';

export interface ClusterLineParts {
  readonly options: pg.ClientConfig;
  /** Makes a fresh connection fit for use; throws when it is not. */
  readonly admit: (client: pg.Client) => Promise<void>;
  /** What was notified on a channel that `admit` listens on. */
  readonly onNotice?: (payload: string) => void;
}

/**
 * One connection for one statement at a time, made when it is needed. One that fails, or that has not answered when the next statement comes,
 * is given up with its statement, which PostgreSQL may carry out all the same: whoever asks must be prepared for that.
 */
export class ClusterLine {
  readonly #parts: ClusterLineParts;
  #client: pg.Client | undefined;
  #isClosed = false;
  #isBusy = false;
  #round = 0;

  constructor(parts: ClusterLineParts) {
    this.#parts = parts;
  }

  /** The one row that the statement answers with. Rejects when there is no answer within `timeoutMs`, connecting included. */
  async ask<T>({ text, values }: Statement, timeoutMs: number): Promise<T> {
    const round = ++this.#round;
    if (this.#isBusy) this.#drop();
    this.#isBusy = true;
    let late: NodeJS.Timeout | undefined;
    const isLate = new Promise<never>((_, reject) => {
      late = setTimeout(
        () => reject(new Error(`PostgreSQL has not answered within ${timeoutMs} ms`)),
        timeoutMs,
      );
    });
    try {
      const answered = this.#connected().then((client) => client.query({ text, values: [...values] }));
      // One that comes after all is nobody's any more.
      answered.catch(() => undefined);
      const { rows } = await Promise.race([answered, isLate]);
      return rows[0];
    } catch (error) {
      if (round === this.#round) this.#drop();
      throw error;
    } finally {
      clearTimeout(late);
      if (round === this.#round) this.#isBusy = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const { options, admit, onNotice } = this.#parts;
    const client = new pg.Client(options);
    this.#client = client;
    const isOver = (): void => {
      if (this.#client === client) this.#client = undefined;
    };
    client.on('error', isOver);
    client.once('end', isOver);
    if (onNotice !== undefined) client.on('notification', ({ payload }) => onNotice(payload ?? ''));
    await client.connect();
    await admit(client);
    if (this.#isClosed) this.#drop();
    return client;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    // With a statement under way it ends at once and not in order.
    client?.end().catch(() => undefined);
  }
}
