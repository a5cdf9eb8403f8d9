import { errorsOf, final, passing, type TopGunError } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';
import { EventParser, type ServerEvent } from './events/EventParser.js';

export const eventErrors = {
  EVENTS_REFUSED: final(TEXTS && 'See `message`: the server does not give these topics to this token.'),
  EVENTS_UNAVAILABLE: passing(TEXTS && 'The next attempt follows by itself.'),
};

const eventError = /* @__PURE__ */ errorsOf<keyof typeof eventErrors>(eventErrors);

const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 30_000;
/** The server says something every half a minute. */
const SILENCE_MS = 75_000;
/** Answers that another attempt does not change. */
const FINAL: ReadonlySet<number> = new Set([400, 401, 403, 404, 405]);

export type EventsState = 'connecting' | 'open' | 'waiting' | 'closed';

export interface EventsOptions<Events extends object> {
  /** of the server, such as `https://api.example.com` */
  readonly url: string;
  readonly topics?: readonly string[];
  /** ids: `1` is the topic `stream/1` */
  readonly streams?: readonly string[];
  readonly users?: readonly string[];
  /** every stream and every user */
  readonly all?: boolean;
  /** A token, or what fetches one; asked before every connection. `null` sends none. */
  readonly token?: string | (() => Promise<string | null> | string | null);
  /** What is called with the data of an event, by its name; `message` for those without one. */
  readonly on: { readonly [Name in keyof Events]?: (data: Events[Name], event: ServerEvent) => void };
  /** Something of these topics was missed (none are named where the server did not say): read the state anew. */
  readonly onResync?: (topics: readonly string[]) => void;
  readonly onState?: (state: EventsState) => void;
  /** EVENTS_UNAVAILABLE: it tries again. EVENTS_REFUSED: it is over. */
  readonly onError?: (error: TopGunError) => void;
  /** Where to go on, as `lastId` of an earlier subscription said. */
  readonly lastId?: string;
  readonly fetch?: typeof fetch;
  /** Draws between 0 and 1. Default `Math.random`. */
  readonly random?: () => number;
}

export interface EventSubscription {
  /** the place in all topics so far; give it to `lastId` to go on after a restart */
  readonly lastId: string;
  readonly state: EventsState;
  close(): void;
}

/**
 * Follows topics over HTTP (`GET /events/subscribe`), in browsers and in Node, until `close`. After a loss it waits 1, 2, 4 … 30 s, half of each
 * by chance, and goes on where it was.
 *
 * ```ts
 * const events = subscribeEvents<{ 'stream.created': { id: string } }>({
 *   url: 'https://api.example.com',
 *   streams: ['1', '2'],
 *   token: () => fetch('/token').then((answer) => answer.text()),
 *   on: { 'stream.created': ({ id }) => console.log(id) },
 *   onResync: () => location.reload(),
 * });
 * ```
 *
 * Unlike `EventSource` it sends the token in a header, asks for a new one each time, and notices silence.
 */
export function subscribeEvents<Events extends object = Record<string, unknown>>(
  options: EventsOptions<Events>,
): EventSubscription {
  const subscription = new Subscription(options as EventsOptions<Record<string, unknown>>);
  void subscription.run();
  return subscription;
}

class Subscription implements EventSubscription {
  lastId: string;
  state: EventsState = 'connecting';
  readonly #options: EventsOptions<Record<string, unknown>>;
  readonly #closed = new AbortController();
  #failures = 0;
  /** what the server asked for, of the next pause alone */
  #askedMs = 0;
  #refusals = 0;

  constructor(options: EventsOptions<Record<string, unknown>>) {
    this.#options = options;
    this.lastId = options.lastId ?? '';
  }

  close(): void {
    this.#tell('closed');
    this.#closed.abort();
  }

  async run(): Promise<void> {
    while (this.#isLive) {
      try {
        await this.#connect();
      } catch (error) {
        if (!this.#isLive) return;
        const known = error as TopGunError;
        const isFinal = known.code === 'EVENTS_REFUSED';
        this.#options.onError?.(
          isFinal ? known : eventError('EVENTS_UNAVAILABLE', String(known.message), error),
        );
        if (isFinal) return this.close();
      }
      if (this.#isLive) await this.#pause();
    }
  }

  get #isLive(): boolean {
    return !this.#closed.signal.aborted;
  }

  #tell(state: EventsState): void {
    if (this.state === 'closed' || (this.state === state && state !== 'connecting')) return;
    this.state = state;
    this.#options.onState?.(state);
  }

  async #pause(): Promise<void> {
    this.#tell('waiting');
    const { random = Math.random } = this.#options;
    const boundMs = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
    const pauseMs = Math.max(boundMs * (0.5 + random() / 2), this.#askedMs);
    this.#askedMs = 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.#closed.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Resolves when the server has ended the stream. */
  async #connect(): Promise<void> {
    this.#tell('connecting');
    const { token, fetch: fetched = fetch } = this.#options;
    const bearer = typeof token === 'function' ? await token() : token;
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    this.#closed.signal.addEventListener('abort', abort);
    let silence = setTimeout(abort, SILENCE_MS);
    try {
      const response = await fetched(this.#address(), {
        headers: {
          Accept: 'text/event-stream',
          ...(typeof bearer === 'string' && { Authorization: `Bearer ${bearer}` }),
          ...(this.lastId !== '' && { 'Last-Event-ID': this.lastId }),
        },
        cache: 'no-store',
        signal: stop.signal,
      });
      if (!response.ok || response.body === null) await this.#refused(response);
      const parser = new EventParser(
        { event: (event) => this.#heard(event), retry: () => undefined },
        this.lastId,
      );
      const decoder = new TextDecoder();
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(abort, SILENCE_MS);
        parser.feed(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(silence);
      this.#closed.signal.removeEventListener('abort', abort);
    }
  }

  /** Throws: EVENTS_REFUSED where nothing but another request would help. A token may have ended while it was on its way. */
  async #refused(response: Response): Promise<never> {
    const { status } = response;
    const told = Number(response.headers.get('Retry-After'));
    this.#askedMs = Number.isFinite(told) ? told * 1000 : 0;
    const text = `The server answered ${status} ${(await response.text()).slice(0, 200)}`;
    if (
      FINAL.has(status) &&
      !(status === 401 && this.#refusals++ === 0 && typeof this.#options.token === 'function')
    )
      throw eventError('EVENTS_REFUSED', text);
    throw eventError('EVENTS_UNAVAILABLE', text);
  }

  #heard(event: ServerEvent): void {
    if (!this.#isLive) return;
    this.lastId = event.id;
    const data: unknown = JSON.parse(event.data);
    if (event.name === 'message' && Object(data).type === 'connected' && this.state !== 'open') {
      this.#failures = this.#refusals = 0;
      this.#tell('open');
    } else if (event.name === 'resync') this.#options.onResync?.(Object(data).topics ?? []);
    else if (event.name === 'reconnect') this.#askedMs = Number(Object(data).retryMs ?? 0);
    else this.#call(event, data);
  }

  /** A fault of a handler is the app's, and no loss of the connection. */
  #call(event: ServerEvent, data: unknown): void {
    try {
      this.#options.on[event.name]?.(data, event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #address(): string {
    const { url, topics = [], streams = [], users = [], all = false } = this.#options;
    const address = new URL('/events/subscribe', url);
    for (const [name, values] of Object.entries({ topics, streams, users }))
      for (const value of values) address.searchParams.append(name, value);
    if (all) address.searchParams.set('all', 'true');
    return address.href;
  }
}
