import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { serverErrors } from '../errors.js';
import { isLoopbackAuthority } from '../security/loopback.js';
import type { HttpAnswer } from './explain.js';
import type { StaticFiles } from './staticFiles.js';

/** What the door asks the server; each answer is made when it is asked for. */
export interface HttpDoorParts {
  readonly version: string;
  /** undefined when ready, else the reason */
  readonly notReady: () => string | undefined;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** `token` is what followed `Authorization: Bearer` */
  readonly status: (token: string | undefined) => Promise<unknown>;
  /** `query` is JSON */
  readonly explain: (token: string | undefined, query: string) => Promise<HttpAnswer>;
  readonly staticFiles?: StaticFiles | undefined;
  /** answers only requests that name this machine as their host (OPS-9) */
  readonly loopbackOnly: boolean;
  readonly onError: (error: unknown) => void;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Probes, metrics, status and the static app. Every refusal is JSON `{ code }`, with a `remedy` where the asker can mend it. */
export function createHttpDoor(parts: HttpDoorParts): RequestListener {
  const routes = new Map<string, Answer>([
    ['/health', (request, response) => json(request, response, 200, { status: 'up' })],
    ['/ready', (request, response) => ready(parts, request, response)],
    ['/version', (request, response) => json(request, response, 200, { version: parts.version })],
    ['/metrics', (request, response) => metrics(parts, request, response)],
    [
      '/api/status',
      async (request, response) => json(request, response, 200, await parts.status(bearerOf(request))),
    ],
    [
      '/api/explain',
      async (request, response) => {
        const query = new URL(request.url ?? '', 'http://any').searchParams.get('query') ?? '';
        const { status, body } = await parts.explain(bearerOf(request), query);
        json(request, response, status, body);
      },
    ],
  ]);
  return (request, response) => {
    answer(parts, routes, request, response).catch((error: unknown) => {
      parts.onError(error);
      if (response.headersSent) response.destroy();
      else json(request, response, 500, { code: 'INTERNAL' });
    });
  };
}

async function answer(
  parts: HttpDoorParts,
  routes: ReadonlyMap<string, Answer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  setSecurityHeaders(response);
  const { host } = request.headers;
  if (parts.loopbackOnly && host !== undefined && !isLoopbackAuthority(host)) {
    const { remedy } = serverErrors.HOST_REFUSED;
    return json(request, response, 403, { code: 'HOST_REFUSED', remedy });
  }
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    // The body of a refused request is not read.
    response.setHeader('Connection', 'close');
    return json(request, response, 405, { code: 'METHOD_NOT_ALLOWED' });
  }
  const route = routes.get(path);
  if (route !== undefined) return route(request, response);
  const isHead = request.method === 'HEAD';
  if (
    !path.startsWith('/api/') &&
    (await parts.staticFiles?.serve(path, isHead, request.headers['if-none-match'], response))
  )
    return;
  json(request, response, 404, { code: 'NOT_FOUND' });
}

function ready(parts: HttpDoorParts, request: IncomingMessage, response: ServerResponse): void {
  const reason = parts.notReady();
  if (reason === undefined) return json(request, response, 200, { status: 'ready' });
  json(request, response, 503, { code: 'UNAVAILABLE', reason });
}

async function metrics(
  parts: HttpDoorParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { contentType, text } = await parts.metrics();
  response.setHeader('Content-Type', contentType);
  response.setHeader('Cache-Control', 'no-store');
  response.writeHead(200).end(request.method === 'HEAD' ? undefined : text);
}

function json(request: IncomingMessage, response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.writeHead(status).end(request.method === 'HEAD' ? undefined : text);
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer ([^\s]+)$/.exec(request.headers.authorization ?? '')?.[1];
}

/** The app may talk to any server over WebSocket, for the demo's server may run on another port; all else is its own. */
function setSecurityHeaders(response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader(
    'Content-Security-Policy',
    "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
  );
}
