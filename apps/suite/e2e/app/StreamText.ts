import { expect, onTestFinished } from 'vitest';

/** A stream of text that is read until somebody has read enough. */
export class StreamText {
  text = '';
  readonly #ending: AbortController;

  private constructor(ending: AbortController) {
    this.#ending = ending;
    onTestFinished(() => ending.abort());
  }

  static async open(asking: (signal: AbortSignal) => Promise<Response>): Promise<StreamText> {
    const ending = new AbortController();
    const response = await asking(ending.signal);
    expect(response.status).toBe(200);
    const stream = new StreamText(ending);
    void stream.#read(response);
    return stream;
  }

  close(): void {
    this.#ending.abort();
  }

  async #read({ body }: Response): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of body as unknown as AsyncIterable<Uint8Array>)
        this.text += decoder.decode(bytes, { stream: true });
    } catch {
      // Closed by the test or by the server: what was read stands.
    }
  }
}
