import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';

/** Adds one to a counter again and again: what it shows in the end says whether anything was lost, or done twice. */
export class Adder {
  readonly counter: string;
  added = 0;
  readonly #client: TopGunClient;
  #adding: NodeJS.Timeout | undefined;

  constructor(serverUrl: string, token: string, name: string) {
    this.counter = `count/${name}`;
    const storage = new MemoryAdapter();
    this.#client = new TopGunClient({
      serverUrl,
      token,
      storage,
      storeName: this.counter,
      backoff: { baseMs: 20, capMs: 200 },
    });
  }

  start(everyMs: number): void {
    const counter = this.#client.getPNCounter(this.counter);
    this.#adding = setInterval(() => {
      counter.increment();
      this.added++;
    }, everyMs);
  }

  /** Resolves when all is answered. */
  async finish(): Promise<void> {
    clearInterval(this.#adding);
    await this.#client.whenSynced();
  }

  async stop(): Promise<void> {
    clearInterval(this.#adding);
    await this.#client.close();
  }
}

/** The value of a counter, as a fresh client at a node sees it. */
export async function counted(serverUrl: string, token: string, counter: string): Promise<number> {
  const client = new TopGunClient({ serverUrl, token, storage: new MemoryAdapter(), storeName: 'reader' });
  try {
    const handle = client.getPNCounter(counter);
    await client.whenSynced();
    return handle.get();
  } finally {
    await client.close();
  }
}
