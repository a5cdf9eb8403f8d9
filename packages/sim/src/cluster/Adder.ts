import { type IConnectionProvider, TopGunClient } from '@topgun/client';
import { asReader } from '../crash/harness.js';
import { ownStore } from '../crash/ownStore.js';
import { tellTroubles } from '../crash/tellTroubles.js';

/** Adds one to a counter again and again: what it shows in the end says whether anything was lost, or done twice. */
export class Adder {
  readonly counter: string;
  added = 0;
  /** what an app would have been told of */
  readonly troubles: string[] = [];
  readonly #client: TopGunClient;
  #adding: NodeJS.Timeout | undefined;

  /** `way`: an address, or what finds one. */
  constructor(way: string | IConnectionProvider, token: string, name: string) {
    this.counter = `count/${name}`;
    this.#client = new TopGunClient({
      ...(typeof way === 'string' ? { serverUrl: way } : { connectionProvider: way }),
      token,
      ...ownStore(),
      backoff: { baseMs: 20, capMs: 200 },
    });
    tellTroubles(this.#client, (trouble) => this.troubles.push(trouble));
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
export function counted(serverUrl: string, token: string, counter: string): Promise<number> {
  return asReader(serverUrl, token, async (client) => {
    const handle = client.getPNCounter(counter);
    await client.whenSynced();
    return handle.get();
  });
}
