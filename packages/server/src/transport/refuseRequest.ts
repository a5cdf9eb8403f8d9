import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { LIMITS } from '@topgun/protocol';

/** What a request is told that never reaches a route, by HTTP status (E11). */
const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'AUTH_FAILED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'TIMEOUT',
  413: 'LIMIT',
  414: 'LIMIT',
  417: 'EXPECTATION_REFUSED',
  426: 'VERSION',
  429: 'RATE',
  431: 'LIMIT',
  503: 'UNAVAILABLE',
};

/** Ends a request with JSON `{ code }` on its bare stream: for upgrades, and for what is no HTTP. */
export function refuseRequest(
  stream: Duplex,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (!stream.writable) {
    stream.destroy();
    return;
  }
  const body = JSON.stringify({ code: CODES[status] ?? 'BAD_REQUEST' });
  const lines = Object.entries({
    Connection: 'close',
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': String(body.length),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  // Who does not close after that is cut: nothing more is read from it.
  stream.once('finish', () => stream.destroy());
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n${lines.join('')}\r\n${body}`);
}

/** Refuses an upgrade that is no handshake of a WebSocket; `ws` has found the fault and says it in words. */
export function refuseHandshake(stream: Duplex, request: IncomingMessage): void {
  if (request.method !== 'GET') return refuseRequest(stream, 405, { Allow: 'GET' });
  const version = request.headers['sec-websocket-version'];
  if (version !== '13' && version !== '8')
    return refuseRequest(stream, 426, { 'Sec-WebSocket-Version': '13' });
  refuseRequest(stream, 400);
}

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

type BrokenRequest = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/** Whether it is the URL alone that is too long (BRG-6), as far as what came last shows it. */
function isLongUrl({ code, rawPacket }: BrokenRequest, maxBytes: number): boolean {
  if (code !== 'HPE_HEADER_OVERFLOW' || rawPacket === undefined) return false;
  const [, url = ''] = /^[A-Z]+ (\S+)/.exec(rawPacket.toString('latin1')) ?? [];
  return url.length >= maxBytes;
}

/** Answers what is no HTTP, comes too slowly, or asks for what no route is asked, which Node refuses without a word of JSON. */
export function answerBrokenRequests(http: Server): void {
  // Node keeps it, and does not declare it.
  const { maxHeaderSize = LIMITS.headerBytes } = http as Server & { readonly maxHeaderSize?: number };
  http.on('clientError', (error: BrokenRequest, stream) => {
    if (error.code === 'ECONNRESET') stream.destroy();
    else refuseRequest(stream, isLongUrl(error, maxHeaderSize) ? 414 : (STATUS_OF[error.code ?? ''] ?? 400));
  });
  http.on('connect', (_request, stream) => refuseRequest(stream, 405, { Allow: 'GET, HEAD' }));
  http.on('checkExpectation', (request) => refuseRequest(request.socket, 417));
}
