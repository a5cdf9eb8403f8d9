import { createParser } from 'eventsource-parser';
import { expect, onTestFinished } from 'vitest';

export interface Heard {
  readonly id: string;
  readonly name: string;
  readonly data: string;
}

/** A stream of events that is read until somebody has heard enough. */
export class Listener {
  readonly heard: Heard[] = [];
  readonly #ending = new AbortController();
  #look = (): void => undefined;

  /** Resolves when the head of the answer is there. */
  async open(asking: (signal: AbortSignal) => Promise<Response>): Promise<void> {
    const response = await asking(this.#ending.signal);
    expect(response.status).toBe(200);
    const parser = createParser({
      onEvent: ({ id = '', event = 'message', data }) => {
        if (data === 'heartbeat') return;
        this.heard.push({ id, name: event, data });
        this.#look();
      },
    });
    void this.#read(response, (text) => parser.feed(text));
    onTestFinished(() => this.close());
  }

  async #read(response: Response, feed: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>)
        feed(decoder.decode(bytes, { stream: true }));
    } catch {
      // Closed by `close`, or by the server: what was heard stands.
    }
  }

  /** Resolves with all that was heard when it is so many. */
  until(count: number): Promise<readonly Heard[]> {
    return this.when(({ length }) => length >= count);
  }

  /** Resolves with all that was heard when this holds of it; the deadline is the test's. */
  when(isSo: (heard: readonly Heard[]) => boolean): Promise<readonly Heard[]> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (isSo(this.heard)) resolve(this.heard);
      };
      this.#look();
    });
  }

  close(): void {
    this.#ending.abort();
  }
}
