/** Where the client's token comes from: a provider that is asked each time, else the last token set. */
export class TokenSource {
  #token: string | null;
  #provider: (() => Promise<string | null>) | undefined;

  constructor(token: string | undefined) {
    this.#token = token ?? null;
  }

  set(token: string | null): void {
    this.#token = token;
    this.#provider = undefined;
  }

  setProvider(provider: () => Promise<string | null>): void {
    this.#provider = provider;
  }

  async get(): Promise<string | null> {
    return this.#provider === undefined ? this.#token : this.#provider();
  }
}
