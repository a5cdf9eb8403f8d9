import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Accepted } from '../../rolling/judge.js';
import type { Story } from './Story.js';

const ANSWER_MS_MAX = 5_000;
const PAUSE_MS = 200;
/** The request came too slowly, or there were too many. */
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 429]);

/** Publishes numbers by HTTP, each under one id until some node has accepted it. */
export class Publisher {
  /** by stream */
  readonly accepted: ReadonlyMap<string, Accepted[]>;
  readonly #urls: readonly string[];
  readonly #token: string;
  readonly #story: Story;
  readonly #stopped = new AbortController();
  #pending = 0;
  #n = 0;

  constructor(urls: readonly string[], token: string, streams: readonly string[], story: Story) {
    this.#urls = urls.map((url) => url.replace(/^ws/, 'http'));
    this.#token = token;
    this.#story = story;
    // Every message that waits for its next try listens.
    setMaxListeners(0, this.#stopped.signal);
    this.accepted = new Map(streams.map((stream) => [stream, []]));
  }

  get isIdle(): boolean {
    return this.#pending === 0;
  }

  publish(stream: string): void {
    this.#pending++;
    void this.#untilAccepted(stream, ++this.#n).finally(() => this.#pending--);
  }

  /** All of it has been judged; the last one of each stream stays, as the place from which the next are. How many were judged. */
  forget(): number {
    let judged = 0;
    for (const messages of this.accepted.values()) {
      messages.sort((one, other) => one.offset - other.offset);
      judged += messages.splice(0, messages.length - 1).length;
    }
    return judged;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #untilAccepted(stream: string, n: number): Promise<void> {
    const body = JSON.stringify({ data: { n }, id: randomUUID() });
    for (let round = n; !this.#stopped.signal.aborted; round++) {
      const url = this.#urls[round % this.#urls.length] ?? '';
      const answer = await this.#post(`${url}/api/topics/stream/${stream}`, body);
      if (answer?.status === 200) {
        this.accepted.get(stream)?.push({ n, offset: answer.offset });
        return;
      }
      // A node that is gone, that is cut off, or that has no bus: the next one may have.
      if (answer !== undefined && answer.status < 500 && !TRY_AGAIN.has(answer.status)) {
        this.#story.faults.push(`a publish was answered ${answer.status} ${answer.code}`);
        return;
      }
      await sleep(PAUSE_MS, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }

  async #post(url: string, body: string): Promise<Answer | undefined> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { Authorization: `Bearer ${this.#token}` },
        body,
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      const { offset = 0, code = '' } = (await response.json()) as Partial<Answer>;
      return { status: response.status, offset, code };
    } catch {
      // Nobody knows what became of it: it goes on under its id.
      return undefined;
    }
  }
}

interface Answer {
  readonly status: number;
  readonly offset: number;
  readonly code: string;
}
