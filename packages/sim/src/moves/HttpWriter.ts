import { TopGunHttp } from '@topgun/client/http';

/** A back end that writes over HTTP at a steady pace: a record, and one more to a counter. */
export class HttpWriter {
  readonly map = 'http';
  readonly counter = 'count/http';
  /** by key, the highest number that was answered */
  readonly acknowledged = new Map<string, number>();
  added = 0;
  /** what an app would have been told of, and must not */
  readonly troubles: string[] = [];
  readonly #http: TopGunHttp;
  readonly #pending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #n = 0;

  constructor(url: string, token: string) {
    this.#http = new TopGunHttp({ url, token });
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => {
      const written = this.#write(++this.#n).catch((error: unknown) => {
        this.troubles.push(`http: ${String(error)}`);
      });
      this.#pending.add(written);
      void written.finally(() => this.#pending.delete(written));
    }, everyMs);
  }

  /** No write is begun any more; resolves when those made are answered. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }

  stop(): Promise<void> {
    return this.finish();
  }

  async #write(n: number): Promise<void> {
    const key = `http-${n}`;
    await this.#http.set(this.map, key, { n });
    this.acknowledged.set(key, n);
    await this.#http.increment(this.counter, this.counter);
    this.added++;
  }
}
