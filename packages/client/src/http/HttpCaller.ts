import { randomId } from '../engine/randomId.js';
import { platformRandom } from '../utils/platform.js';
import { httpError, refusalOf, TopGunHttpError } from './TopGunHttpError.js';

export interface TopGunHttpOptions {
  /** `https://host[:port]` of the server; what stands before `/api` where it is behind a path */
  readonly url: string;
  /** the token that each request brings, or what fetches one, asked for each request; a server in development needs none */
  readonly token?: string | (() => string | Promise<string>);
  /** How long one request may take, ms. Default 10,000. */
  readonly timeoutMs?: number;
  /** How often a request that may come again is sent again, 0 for never. Default 3. */
  readonly retries?: number;
  /** Default: that of the platform. */
  readonly fetch?: typeof fetch;
}

/** One request. */
export interface HttpCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  /** sent as JSON */
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  /** It has its effect once however often it is sent, and is sent again where there was no answer. */
  readonly mayComeAgain: boolean;
}

const TIMEOUT_MS = 10_000;
const RETRIES = 3;
/** Before the first time that a request comes again; then twice as long each. */
const PAUSE_MS = 200;
/** Nobody waits longer for a server that asks for it. */
const PAUSE_MS_MAX = 10_000;

/** A key that nobody else draws. */
export const drawKey = (): string => randomId(platformRandom, 128);

/** Sends requests, and those that may come again once more where that helps. */
export class HttpCaller {
  readonly #options: TopGunHttpOptions;
  readonly #url: string;

  constructor(options: TopGunHttpOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
  }

  /** The JSON of the answer. Throws TopGunHttpError. */
  async call<T>(call: HttpCall): Promise<T> {
    const { retries = RETRIES } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once<T>(call);
      } catch (error) {
        const isHopeless = !(error instanceof TopGunHttpError) || !error.retriable;
        if (isHopeless || !call.mayComeAgain || attempt >= retries) throw error;
        const pauseMs = error.retryAfterMs ?? PAUSE_MS * 2 ** attempt * (0.5 + Math.random());
        await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, PAUSE_MS_MAX)));
      }
    }
  }

  async #once<T>({ method, path, body, idempotencyKey }: HttpCall): Promise<T> {
    const { token, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = this.#options;
    const bearer = typeof token === 'function' ? await token() : token;
    const headers = {
      ...(bearer !== undefined && { Authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    try {
      const response = await fetch(this.#url + path, { method, headers, signal, ...sent });
      const answer: unknown = await response.json().catch(() => undefined);
      if (!response.ok) throw refusalOf(response, answer);
      if (typeof answer !== 'object' || answer === null)
        throw httpError(
          'BAD_ANSWER',
          'The answer is not JSON: is this address that of a TopGun server?',
          response.status,
        );
      // What the route of the server answers with this status.
      return answer as T;
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
