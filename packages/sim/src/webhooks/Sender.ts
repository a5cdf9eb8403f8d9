import { createHmac } from 'node:crypto';

/** A service outside that sends events, and remembers those that were answered 200. */
export class Sender {
  readonly accepted: string[] = [];
  readonly #url: string;
  readonly #secret: string;
  #isRunning = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(url: string, secret: string) {
    this.#url = url;
    this.#secret = secret;
  }

  /** Sends one event after the other until `stop`. What finds no server is not sent again. */
  start(): void {
    this.#isRunning = true;
    this.#ended = this.#loop();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#ended;
  }

  /** Sends an event; whether it was called a duplicate, undefined when it was not accepted. */
  async send(body: string): Promise<boolean | undefined> {
    const digest = createHmac('sha256', this.#secret).update(body).digest('hex');
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-signature': `sha256=${digest}` },
        body,
      });
      const { duplicate = false } = (await response.json()) as { duplicate?: boolean };
      return response.status === 200 ? duplicate : undefined;
    } catch {
      // The server was killed in the middle, or is not there.
      return undefined;
    }
  }

  async #loop(): Promise<void> {
    for (let n = 1; this.#isRunning; n++) {
      const body = JSON.stringify({ n });
      if ((await this.send(body)) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      else this.accepted.push(body);
    }
  }
}
