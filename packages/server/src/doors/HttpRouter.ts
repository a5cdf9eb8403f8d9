import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { serverErrors } from '../errors.js';
import { isLoopbackAuthority } from '../security/loopback.js';
import type { Principal } from '../security/PermissionPolicy.js';
import type { Visitors } from '../transport/visitorsOf.js';
import { bearerOf } from './bearerOf.js';
import { allowEveryOrigin, allowOrigin, isForeign } from './crossOrigin.js';
import type { HttpWatch, WatchedRequest } from './HttpWatch.js';
import { type HttpAnswer, HttpRefusal, HttpRequest, type Route } from './Route.js';
import { setSecurityHeaders } from './securityHeaders.js';
import type { StaticFiles } from './staticFiles.js';

/** What the router asks the server. */
export interface HttpRouterParts {
  readonly routes: readonly Route[];
  /** Who a token speaks for; undefined when it is not accepted, and for no token where one is needed. `unknown yet`: nobody can tell now. */
  readonly principalOf: (token: string | undefined) => Promise<Principal | 'unknown yet' | undefined>;
  /** the app at / */
  readonly staticFiles?: StaticFiles | undefined;
  /** the dashboard at /admin/ (ADM-1) */
  readonly adminFiles?: StaticFiles | undefined;
  /** answers only requests that name this machine as their host (OPS-9) */
  readonly loopbackOnly: boolean;
  /** whether who asks is to ask another server next, on a new connection */
  readonly isStopping?: () => boolean;
  readonly watch: Pick<HttpWatch, 'begin' | 'failed'>;
  /** who may ask from where, and how often; a door for operators alone has none */
  readonly visitors?: Pick<Visitors, 'addresses' | 'origins' | 'rates'>;
}

/**
 * The HTTP side of the server: finds the route of a request, asks who it is from, and writes the answer. Paths without a
 * route are files of the app. Every refusal is JSON `{ code }`, with a `remedy` where the asker can mend it.
 */
export class HttpRouter {
  readonly #parts: HttpRouterParts;
  readonly #exact = new Map<string, Route[]>();
  readonly #below: { readonly prefix: string; readonly route: Route }[] = [];

  constructor(parts: HttpRouterParts) {
    this.#parts = parts;
    for (const route of parts.routes) {
      if (
        parts.routes.some(
          (other) => other !== route && other.path === route.path && other.method === route.method,
        )
      )
        throw new Error(`Two routes answer ${route.method} ${route.path}.`);
      if (route.path.endsWith('/*')) this.#below.push({ prefix: route.path.slice(0, -1), route });
      else this.#exact.set(route.path, [...(this.#exact.get(route.path) ?? []), route]);
    }
    // The longest prefix says most about a path.
    this.#below.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** The handler of the HTTP server's `request`. */
  readonly listener: RequestListener = (request, response) => {
    const watched = this.#parts.watch.begin(request, response);
    this.#answer(request, response, watched).catch((error: unknown) => {
      // The asker went away in the middle of the answer.
      if (response.closed) return;
      if (!(error instanceof HttpRefusal)) this.#parts.watch.failed(watched, error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      // What is left of the body is not read.
      response.setHeader('Connection', 'close');
      const { status, body, headers } =
        error instanceof HttpRefusal ? error : { status: 500, body: { code: 'INTERNAL' }, headers: {} };
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      json(request, response, status, body);
    });
  };

  async #answer(request: IncomingMessage, response: ServerResponse, watched: WatchedRequest): Promise<void> {
    setSecurityHeaders(response);
    if (this.#parts.isStopping?.()) response.setHeader('Connection', 'close');
    const { host } = request.headers;
    if (host === undefined && request.httpVersion === '1.1')
      throw new HttpRefusal(400, { code: 'BAD_REQUEST' });
    if (this.#parts.loopbackOnly && host !== undefined && !isLoopbackAuthority(host)) {
      const { remedy } = serverErrors.HOST_REFUSED;
      throw new HttpRefusal(403, { code: 'HOST_REFUSED', remedy });
    }
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const { visitors } = this.#parts;
    if (visitors !== undefined) watched.remote = visitors.addresses.of(request);
    const address = watched.remote;
    const found = this.#find(path);
    const everyOrigin = found.find(({ route }) => route.everyOrigin)?.route.everyOrigin;
    // Also on refusals, which pages are to be able to read.
    if (everyOrigin !== undefined && allowEveryOrigin(everyOrigin, request, response)) return;
    if (!found.some(({ route }) => route.ownRates)) await visitors?.rates.ofAddress(address, path);
    const methods = found.map(({ route }) => route.method);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    // Files answer the same whoever asks; with a Vary a page's own cache would not know them again (NET-4).
    if (visitors !== undefined && methods.length > 0 && everyOrigin === undefined) {
      if (allowOrigin(visitors.origins, request, response, methods)) return;
      const isChange = !isRead && request.method !== 'OPTIONS';
      if (isChange && isForeign(visitors.origins, request)) throw new HttpRefusal(403, { code: 'DENIED' });
    }
    if (found.length === 0 && isRead && (await this.#serveFile(path, request, response))) {
      watched.route = 'static';
      return;
    }
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const match = found.find(({ route }) => route.method === method);
    if (match === undefined) {
      if (found.length === 0 && isRead) throw new HttpRefusal(404, { code: 'NOT_FOUND' });
      const allowed = found.flatMap(({ route }) =>
        route.method === 'GET' ? ['GET', 'HEAD'] : [route.method],
      );
      response.setHeader('Allow', (allowed.length === 0 ? ['GET', 'HEAD'] : allowed).join(', '));
      throw new HttpRefusal(405, { code: 'METHOD_NOT_ALLOWED' });
    }
    const { route, rest } = match;
    watched.route = route.path;
    const principal = await this.#admit(route, tokenOf(request, route));
    if (principal !== undefined) await visitors?.rates.ofPrincipal(principal.sub);
    const answer = await route.answer(new HttpRequest(request, rest, principal, address));
    await write(request, response, answer, watched);
  }

  /** Who asks. Throws 401 and 403, and 503 where that cannot be told now: who has a good token must not think that it is none. */
  async #admit(route: Route, token: string | undefined): Promise<Principal | undefined> {
    // Also without a token: in development everybody is somebody.
    const found = await this.#parts.principalOf(token);
    const principal = found === 'unknown yet' ? undefined : found;
    if (route.access === 'open') return principal;
    if (found === 'unknown yet') throw new HttpRefusal(503, { code: 'UNAVAILABLE' }, { 'Retry-After': '1' });
    if (principal === undefined)
      throw new HttpRefusal(401, { code: token === undefined ? 'AUTH_REQUIRED' : 'AUTH_FAILED' });
    if (route.access === 'admin' && !principal.roles.includes('ADMIN'))
      throw new HttpRefusal(403, { code: 'DENIED' });
    return principal;
  }

  #find(path: string): { readonly route: Route; readonly rest: string }[] {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact.map((route) => ({ route, rest: '' }));
    const prefix = this.#below.find((entry) => path.startsWith(entry.prefix))?.prefix;
    return this.#below
      .filter((entry) => entry.prefix === prefix)
      .map(({ route }) => ({ route, rest: path.slice((prefix ?? '').length) }));
  }

  async #serveFile(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { staticFiles, adminFiles } = this.#parts;
    if (path.startsWith('/api/')) return false;
    const isHead = request.method === 'HEAD';
    const etag = request.headers['if-none-match'];
    if (adminFiles === undefined || !/^\/admin(\/|$)/.test(path))
      return (await staticFiles?.serve(path, isHead, etag, response)) === true;
    if (path !== '/admin') return adminFiles.serve(path.slice(ADMIN.length), isHead, etag, response);
    // Its files are named relative to the folder.
    response.writeHead(308, { Location: `${ADMIN}/` }).end();
    return true;
  }
}

/** Where the dashboard is. */
const ADMIN = '/admin';

function tokenOf({ headers, url = '' }: IncomingMessage, { queryToken }: Route): string | undefined {
  const token = bearerOf(headers.authorization);
  if (token !== undefined || queryToken === undefined) return token;
  return new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('token') ?? undefined;
}

async function write(
  request: IncomingMessage,
  response: ServerResponse,
  answer: HttpAnswer,
  watched: WatchedRequest,
): Promise<void> {
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  if ('body' in answer) return json(request, response, answer.status, answer.body);
  response.setHeader('Content-Type', answer.contentType);
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-store');
  response.writeHead(answer.status);
  if (request.method === 'HEAD') response.end();
  else if ('hold' in answer) {
    response.flushHeaders();
    await readUp(request);
    watched.answered();
    answer.hold(response);
  } else if (typeof answer.content === 'string') response.end(answer.content);
  else await pipeline(Readable.from(answer.content), response);
}

/** Reads what the parser has of a request whose end has come; nothing is waited for that is still on its way. */
async function readUp(request: IncomingMessage): Promise<void> {
  if (!request.complete || request.readableEnded || request.destroyed) return;
  request.resume();
  await new Promise((resolve) => request.once('end', resolve).once('close', resolve));
}

function json(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.writeHead(status).end(request.method === 'HEAD' ? undefined : text);
}
