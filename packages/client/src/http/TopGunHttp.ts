import { TopGunError } from '@topgun/core';

export interface TopGunHttpOptions {
  /** `https://host[:port]` of the server; what stands before `/api` where it is behind a path */
  readonly url: string;
  /** the token that each request brings, or what fetches one; asked for each request */
  readonly token: string | (() => string | Promise<string>);
  /** How long one request may take, ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** Default: that of the platform. */
  readonly fetch?: typeof fetch;
}

/** Place of a message in the log of its topic. A topic without a log has the epoch '' and the offset 0. */
export interface HttpPosition {
  readonly epoch: string;
  readonly offset: number;
}

export interface HttpPublishOptions {
  /** of the event, at most 64 characters */
  readonly name?: string;
  /** 1…64 of A-Z a-z 0-9 _ -: publishing it again within a minute publishes nothing again. Drawn by the server by default. */
  readonly id?: string;
  /** how long it is kept at most, ms; what the server's namespace says by default */
  readonly ttlMs?: number;
}

export interface HttpPublished extends HttpPosition {
  readonly id: string;
  /** when it was accepted, ms since the epoch */
  readonly ts: number;
}

export interface HttpMessage extends HttpPublished {
  readonly name: string;
  readonly data: unknown;
  /** subject of the sender; '' for the server itself */
  readonly from: string;
  readonly node: string;
}

export interface HttpHistory {
  /** the oldest first */
  readonly messages: readonly HttpMessage[];
  /** whether nothing is missing after the position asked for */
  readonly recovered: boolean;
  readonly latest: HttpPosition;
  readonly hasMore: boolean;
}

/** An answer that is no success: `code` is the server's, or NETWORK, TIMEOUT and BAD_ANSWER where it gave none. */
export class TopGunHttpError extends TopGunError {
  /** of the answer; 0 where there was none */
  readonly status: number;
  /** when to ask again at the earliest, ms; undefined where the server did not say */
  readonly retryAfterMs: number | undefined;

  constructor(
    about: ConstructorParameters<typeof TopGunError>[0] & Pick<TopGunHttpError, 'status' | 'retryAfterMs'>,
  ) {
    super(about);
    this.status = about.status;
    this.retryAfterMs = about.retryAfterMs;
  }
}

const TIMEOUT_MS = 10_000;

/**
 * The server over HTTP, for back ends that publish without a connection of their own.
 *
 * ```ts
 * const topgun = new TopGunHttp({ url: 'https://data.example.org', token });
 * await topgun.publish('room/1', { text: 'hello' }, { name: 'said' });
 * ```
 *
 * Every call throws `TopGunHttpError`; `retriable` says whether the same request may succeed later. With an `id` a publish that was
 * not answered may be repeated: it is heard once.
 */
export class TopGunHttp {
  readonly #options: TopGunHttpOptions;
  readonly #url: string;

  constructor(options: TopGunHttpOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
  }

  /** Resolves when the message is accepted: sent, or in the log as durable as its namespace says. `data`: whatever JSON holds, at most 64 KiB. */
  publish(topic: string, data: unknown, options: HttpPublishOptions = {}): Promise<HttpPublished> {
    return this.#ask<HttpPublished>(pathOf(topic), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...options, data }),
    });
  }

  /** What is kept after a position, at most `limit` (1…1,000, default 100), or the last so many without one. 404 for topics that keep nothing. */
  history(
    topic: string,
    { after, limit = 100 }: { readonly after?: HttpPosition; readonly limit?: number } = {},
  ): Promise<HttpHistory> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (after !== undefined) query.set('after', `${after.epoch}:${after.offset}`);
    return this.#ask<HttpHistory>(`${pathOf(topic)}?${query}`, {});
  }

  async #ask<T>(path: string, init: RequestInit & { headers?: Record<string, string> }): Promise<T> {
    const { token, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = this.#options;
    const bearer = typeof token === 'string' ? token : await token();
    const headers = { ...init.headers, Authorization: `Bearer ${bearer}` };
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(this.#url + path, { ...init, headers, signal });
      const body: unknown = await response.json().catch(() => undefined);
      if (!response.ok) throw refusalOf(response, body);
      if (typeof body !== 'object' || body === null)
        throw httpError(
          'BAD_ANSWER',
          'The answer is not JSON: is this address that of a TopGun server?',
          response.status,
        );
      // What the route of the server answers with this status.
      return body as T;
    } catch (error) {
      if (error instanceof TopGunHttpError) throw error;
      const isLate = signal.aborted;
      throw httpError(
        isLate ? 'TIMEOUT' : 'NETWORK',
        isLate ? `There was no answer within ${timeoutMs} ms.` : 'The server could not be reached.',
        0,
        { cause: error, retriable: true },
      );
    }
  }
}

/** A topic may hold slashes, which stay. */
const pathOf = (topic: string): string => `/api/topics/${topic.split('/').map(encodeURIComponent).join('/')}`;

function refusalOf({ status, headers }: Response, body: unknown): TopGunHttpError {
  const { code, message, remedy } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return httpError(
    typeof code === 'string' ? code : 'BAD_ANSWER',
    typeof message === 'string' ? message : `The server answered ${status}.`,
    status,
    {
      ...(typeof remedy === 'string' && { remedy }),
      retriable: status === 429 || status >= 500,
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
    },
  );
}

function httpError(
  code: string,
  message: string,
  status: number,
  {
    remedy = 'Check the address, the token and the network.',
    retriable = false,
    ...rest
  }: { remedy?: string; retriable?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
): TopGunHttpError {
  return new TopGunHttpError({
    code,
    message,
    remedy,
    retriable,
    status,
    retryAfterMs: rest.retryAfterMs,
    cause: rest.cause,
  });
}
