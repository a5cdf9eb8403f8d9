import { request } from 'node:http';

/** One answer that is held open, frame by frame. Resolves with its status when the head is here. */
export class StreamReader {
  readonly status: Promise<number>;
  readonly #stop: () => void;
  #rest = '';

  constructor(
    port: number,
    path: string,
    headers: Readonly<Record<string, string>>,
    onFrame: (frame: string) => void,
  ) {
    const asked = request({ host: '127.0.0.1', port, path, headers, agent: false });
    this.#stop = () => void asked.destroy();
    this.status = new Promise((resolve, reject) => {
      // After the head is here nobody waits for it.
      asked.on('error', reject);
      asked.on('response', (answer) => {
        resolve(answer.statusCode ?? 0);
        answer.setEncoding('utf8');
        // It is ended in the middle.
        answer.on('error', () => undefined);
        answer.on('data', (text: string) => {
          this.#rest += text.replaceAll('\r\n', '\n');
          for (let end = this.#rest.indexOf('\n\n'); end >= 0; end = this.#rest.indexOf('\n\n')) {
            onFrame(this.#rest.slice(0, end + 2));
            this.#rest = this.#rest.slice(end + 2);
          }
        });
        answer.on('end', () => {
          if (this.#rest !== '') onFrame(this.#rest);
        });
      });
    });
    asked.end();
  }

  end(): void {
    this.#stop();
  }
}

/** The fields of a frame of events. */
export function fieldsOf(frame: string): {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
} {
  const field = (name: string): string | undefined =>
    frame
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const text = field('data');
  let data: unknown;
  try {
    data = text === undefined ? undefined : JSON.parse(text);
  } catch {
    data = text;
  }
  return { event: field('event') ?? '', id: field('id') ?? '', data };
}
