import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { TopGunClient, type WriteHandle, type WriteState } from '@topgun/client';
import { backpressure } from '@topgun/client/backpressure';
import { TopGunError } from '@topgun/core';
import { cliError } from '../cliErrors.js';
import type { Found } from './RecordReader.js';
import type { RecordTarget } from './RecordTarget.js';

export interface ImportOptions {
  /** Where records go. */
  readonly target: RecordTarget;
  /** `ws://` or `wss://` address of the server. */
  readonly url: string;
  readonly token?: string | undefined;
  /** Records at the beginning that are passed over. */
  readonly skip: number;
  /** Writes that wait for an answer at once. */
  readonly batch: number;
  /** Bad records, and records that the server refuses, after which the import ends. */
  readonly badMax: number;
}

export interface ImportTold {
  /** A record that is not in the map, and why. */
  readonly bad: (line: number, why: string) => void;
  /** So many records have the server's word. */
  readonly progress: (imported: number) => void;
}

export interface ImportResult {
  /** Records that the server holds on its disk, or in memory where it keeps the map there alone. */
  readonly imported: number;
  /** Records that were none, had no key or could not be stored. */
  readonly bad: number;
  /** Records that the server refused. */
  readonly refused: number;
  /** Records from the beginning of the file that are settled without a gap: what a later run may skip. */
  readonly settled: number;
  /** Why the import ended before the file did. */
  readonly stopped?: TopGunError | 'asked';
}

/** Records between two tellings of progress. */
const PROGRESS_RECORDS = 10_000;

/** A server that was there before may be away so many attempts, some 30 s, before the import gives up. */
const RETRIES = 12;
const RETRY_MS_MAX = 5_000;

/**
 * Writes records to a map through a client of its own, as fast as the server answers. Nothing counts as imported before
 * the server has it. The key makes the record: the same file twice gives the same map.
 */
export class Importer {
  readonly #options: ImportOptions;
  readonly #told: ImportTold;
  #imported = 0;
  #bad = 0;
  #refused = 0;
  #read = 0;
  /** Records without the server's word yet, by their number in the file; the first of them is the oldest. */
  readonly #open = new Map<number, Promise<void>>();
  #stopped: TopGunError | 'asked' | undefined;
  #close: () => void = () => undefined;

  constructor(options: ImportOptions, told: ImportTold) {
    this.#options = options;
    this.#told = told;
  }

  /** Ends the import early; what was written by then still gets its answer. */
  stop(): void {
    this.#stopped ??= 'asked';
  }

  async run(records: AsyncIterable<Found>): Promise<ImportResult> {
    const { url, token, batch } = this.#options;
    const client = new TopGunClient({
      serverUrl: url,
      storage: new MemoryAdapter({ disk: new MemoryDisk() }),
      storeName: `import-${process.pid}-${performance.now()}`,
      backpressure: backpressure({ strategy: 'pause', high: batch, low: Math.floor(batch / 2) }),
      backoff: { capMs: RETRY_MS_MAX, maxRetries: RETRIES },
      ...(token === undefined ? {} : { token }),
    });
    // Closing ends every wait for an answer that will not come.
    const closed = new Promise<void>((resolve) => {
      this.#close = resolve;
    }).then(() => client.close());
    try {
      await this.#connected(client);
      await this.#writeAll(client, records).catch((error: unknown) => this.#fail(error));
      await client.whenSynced();
      await Promise.all(this.#open.values());
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#close();
      await closed;
    }
    return this.#result();
  }

  /** Keeps why the import ends. That the client is closed is a consequence, not a reason; a fault of topgun is thrown on. */
  #fail(error: unknown): void {
    if (!(error instanceof TopGunError)) throw error;
    this.#stopped ??= error;
  }

  /** Resolves at the first connection. A server that is not there at all is told at once, one that goes away later is waited for. */
  #connected(client: TopGunClient): Promise<void> {
    return new Promise((resolve, reject) => {
      let wasThere = false;
      client.onConnectionStateChange(({ state, error }) => {
        if (state === 'CONNECTED') {
          wasThere = true;
          resolve();
        } else if (state === 'ERROR' || (state === 'BACKOFF' && !wasThere)) {
          const isRefused = error !== undefined && error.code !== 'UNAVAILABLE';
          const away = `No server answers at ${this.#options.url}.`;
          this.#stopped = isRefused ? error : cliError('SERVER_UNREACHABLE', away, error);
          reject(this.#stopped);
          this.#close();
        }
      });
    });
  }

  async #writeAll(client: TopGunClient, records: AsyncIterable<Found>): Promise<void> {
    const { target } = this.#options;
    target.begin(client);
    for await (const found of records) {
      if (this.#stopped !== undefined) return;
      const number = this.#read++;
      if (number < this.#options.skip) continue;
      if ('problem' in found) this.#miss(found.line, found.problem);
      else {
        // Only now and then one has to be waited for.
        const ready = target.ready(found.value);
        if (ready !== undefined) await ready;
        await this.#write(found.line, number, found.value);
      }
    }
  }

  async #write(line: number, number: number, value: unknown): Promise<void> {
    let write: WriteHandle | string | undefined;
    try {
      write = this.#options.target.write(value);
    } catch (error) {
      if (!(error instanceof TopGunError)) throw error;
      write = `${error.code} ${error.message}`;
    }
    if (typeof write === 'string') return this.#miss(line, write);
    if (write === undefined) return this.#count();
    const settled = write
      .reached('persisted')
      .catch((error: unknown): WriteState => {
        // Kept in memory alone by the server: what it has applied is all there is to reach.
        if (error instanceof TopGunError && error.code === 'VOLATILE_MAP') return { name: 'applied' };
        return { name: 'local' };
      })
      .then((state) => this.#settle(number, line, state));
    this.#open.set(number, settled);
    await write.admitted();
  }

  #settle(number: number, line: number, state: WriteState): void {
    // The client was closed first: the answer is not known.
    if (state.name === 'local') return;
    this.#open.delete(number);
    if (state.name === 'rejected') {
      this.#refused++;
      this.#complain(line, `refused: ${state.reason}${state.detail === undefined ? '' : ` ${state.detail}`}`);
    } else this.#count();
  }

  #count(): void {
    if (++this.#imported % PROGRESS_RECORDS === 0) this.#told.progress(this.#imported);
  }

  #miss(line: number, why: string): void {
    this.#bad++;
    this.#complain(line, why);
  }

  #complain(line: number, why: string): void {
    const { badMax } = this.#options;
    if (this.#bad + this.#refused > badMax + 1) return;
    this.#told.bad(line, why);
    if (this.#bad + this.#refused <= badMax) return;
    this.#stopped ??= cliError('IMPORT_BAD_RECORDS', `More than ${badMax} records could not be imported.`);
  }

  #result(): ImportResult {
    const [oldest] = this.#open.keys();
    return {
      imported: this.#imported,
      bad: this.#bad,
      refused: this.#refused,
      settled: Math.max(this.#options.skip, oldest ?? this.#read),
      ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
    };
  }
}
