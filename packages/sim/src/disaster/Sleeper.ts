import { randomUUID } from 'node:crypto';
import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { tellTroubles } from '../crash/tellTroubles.js';
import { type Counted, CRASH_MAP } from '../crash/Writer.js';

const KEYS = 20;

/** A device whose app is open now and then: what it wrote while no server was there lies in its store, and nowhere else, until it is opened again. */
export class Sleeper {
  /** what is to arrive */
  readonly acknowledged = new Map<string, number>();
  readonly counter = 'count/sleeper';
  added = 0;
  readonly troubles: string[] = [];
  readonly #disk = new MemoryDisk();
  readonly #storeName = randomUUID();
  readonly #serverUrl: string;
  readonly #token: string;

  constructor(serverUrl: string, token: string) {
    this.#serverUrl = serverUrl;
    this.#token = token;
  }

  /** Writes and is closed, without any answer. */
  write(n: number): Promise<void> {
    return this.#open(async (client) => {
      const map = client.getMap<Counted>(CRASH_MAP);
      for (let nth = 0; nth < KEYS; nth++) {
        map.set(`sleeper-${nth}`, { n });
        this.acknowledged.set(`sleeper-${nth}`, n);
      }
      client.getPNCounter(this.counter).increment();
      this.added++;
      await client.flush();
    });
  }

  /** Is opened until everything it held is answered. */
  wake(): Promise<void> {
    return this.#open((client) => client.whenSynced());
  }

  async #open(use: (client: TopGunClient) => Promise<void>): Promise<void> {
    const client = new TopGunClient({
      serverUrl: this.#serverUrl,
      token: this.#token,
      storage: new MemoryAdapter({ disk: this.#disk }),
      storeName: this.#storeName,
      backoff: { baseMs: 20, capMs: 200 },
    });
    tellTroubles(client, (trouble) => this.troubles.push(`sleeper: ${trouble}`));
    try {
      await client.whenReady();
      await use(client);
    } finally {
      await client.close();
    }
  }
}
