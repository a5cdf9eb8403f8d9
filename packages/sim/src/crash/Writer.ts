import { TopGunClient } from '@topgun/client';
import { ownStore } from './ownStore.js';
import { tellTroubles } from './tellTroubles.js';

/** What a crash run writes: a rising number per key, so that a lost write shows as a number that fell back. */
export interface Counted {
  readonly n: number;
}

export const CRASH_MAP = 'crash';

/** One client that writes as fast as it is answered, and remembers the highest number answered as durable per key. */
export class Writer {
  readonly acknowledged = new Map<string, number>();
  acknowledgements = 0;
  /** what an app would have been told of: errors, rejections, a connection given up */
  readonly troubles: string[] = [];
  readonly #client: TopGunClient;
  readonly #keyOf: (n: number) => string;
  #n = 0;
  #running = false;
  #failure: unknown;

  /** `keys`: how many it writes in turn; `Infinity`: a new one each time. */
  constructor(serverUrl: string, token: string | undefined, name: string, keys: number) {
    this.#client = new TopGunClient({
      serverUrl,
      ...(token !== undefined && { token }),
      ...ownStore(),
      backoff: { baseMs: 20, capMs: 200 },
    });
    tellTroubles(this.#client, (trouble) => this.troubles.push(trouble));
    this.#keyOf = (n) => `${name}-${n % keys}`;
  }

  /** Keeps `outstanding` writes unanswered until `stop`. */
  start(outstanding: number): void {
    this.#running = true;
    for (let i = 0; i < outstanding; i++)
      this.#loop().catch((error: unknown) => {
        this.#failure ??= error;
      });
  }

  /** Throws what ended one of its loops, in the run that owns the server and the folder: it has to clear up. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** No write is begun any more; resolves when those made are answered. */
  async finish(): Promise<void> {
    this.#running = false;
    await this.#client.whenSynced();
    // The loops note their last answers.
    await new Promise((resolve) => setImmediate(resolve));
    this.check();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#client.close();
  }

  async #loop(): Promise<void> {
    const map = this.#client.getMap<Counted>(CRASH_MAP);
    while (this.#running) {
      const n = ++this.#n;
      const key = this.#keyOf(n);
      try {
        const state = await map.set(key, { n }).reached('persisted');
        if (state.name === 'rejected')
          throw new Error(`The server rejected a write of ${key}: ${state.reason}`);
        // Replaced by a newer write of this device, which its own turn of the loop counts.
        if (state.name === 'superseded' && state.by) continue;
        this.acknowledged.set(key, Math.max(this.acknowledged.get(key) ?? 0, n));
        this.acknowledgements++;
      } catch (error) {
        // Closing the client fails the writes under way, which were never answered.
        if (this.#running) throw error;
      }
    }
  }
}
