import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../security/PermissionPolicy.js';

/** An answer: `body` as JSON, a text or a stream of another type, or one that a door holds open. */
export type HttpAnswer =
  | { readonly status: number; readonly body: unknown; readonly headers?: HttpHeaders }
  | {
      readonly status: number;
      readonly contentType: string;
      readonly content: string | AsyncIterable<string | Uint8Array>;
      readonly headers?: HttpHeaders;
    }
  | {
      readonly status: number;
      readonly contentType: string;
      /** The head is written: the response is the door's until one side ends it ('close'). */
      readonly hold: (response: ServerResponse) => void;
      readonly headers?: HttpHeaders;
    };

export type HttpHeaders = Readonly<Record<string, string>>;

/** What pages of every origin are told: headers of all answers, and those that a preflight gets besides. */
export interface EveryOrigin {
  readonly answer: HttpHeaders;
  readonly preflight: HttpHeaders;
}

/** One address of the server and what it answers. A GET route also answers HEAD. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** an exact path, or one that ends in `/*` and stands for all below it */
  readonly path: string;
  /** open: anybody. user: a valid token. admin: one with the role ADMIN; 401 without a token, 403 without the role. */
  readonly access: 'open' | 'user' | 'admin';
  /** The token may stand in the query, as `token`, where there is none in a header: browsers set no headers there. */
  readonly queryToken?: true;
  /** Pages of every origin may ask, and read the answers. */
  readonly everyOrigin?: EveryOrigin;
  /** What it changes is to be in the store before it is answered: refused while the store takes nothing (CLU-63). */
  readonly lasts?: true;
  /** It counts its askers itself: LMT-12 does not. */
  readonly ownRates?: true;
  /** What it throws is answered 500 without a detail, but a `HttpRefusal`. */
  answer(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>;
}

/** A refusal that the asker is told about: JSON `{ code, message?, remedy?, retryAfterMs? }`. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly body: {
    readonly code: string;
    readonly message?: string;
    readonly remedy?: string;
    readonly retryAfterMs?: number;
  };
  readonly headers: HttpHeaders;

  constructor(status: number, body: HttpRefusal['body'], headers: HttpHeaders = {}) {
    super(body.code);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** What a route knows of its asker. */
export class HttpRequest {
  readonly method: string;
  readonly path: string;
  /** what the `*` of the route's path stood for, without the slash before it; else empty */
  readonly rest: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** the asker's address, seen through trusted proxies */
  readonly remote: string;
  /** who asks, by the token of `Authorization: Bearer`; undefined without one, or with one that is not accepted */
  readonly principal: Principal | undefined;
  readonly #source: IncomingMessage;

  constructor(source: IncomingMessage, rest: string, principal: Principal | undefined, remote: string) {
    const [path = '/', ...query] = (source.url ?? '/').split('?');
    this.method = source.method ?? 'GET';
    this.path = path;
    this.rest = rest;
    this.query = new URLSearchParams(query.join('?'));
    this.headers = source.headers;
    this.remote = remote;
    this.principal = principal;
    this.#source = source;
  }

  /** The body. Refused with 413 as soon as it is longer than `maxBytes`. */
  async body(maxBytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let bytes = Number(this.headers['content-length'] ?? 0);
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    bytes = 0;
    for await (const part of this.#source as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  /** The body as JSON. 400 when it is none. */
  async json(maxBytes: number): Promise<unknown> {
    const body = await this.body(maxBytes);
    try {
      return JSON.parse(body.toString('utf8'));
    } catch {
      throw new HttpRefusal(400, { code: 'BAD_MESSAGE', message: 'The body is not JSON.' });
    }
  }
}

function tooLarge(maxBytes: number): HttpRefusal {
  return new HttpRefusal(413, { code: 'LIMIT', message: `The body is longer than ${maxBytes} bytes.` });
}
