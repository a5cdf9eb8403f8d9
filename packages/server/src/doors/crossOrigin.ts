import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Origins } from '../security/Origins.js';
import type { EveryOrigin } from './Route.js';

/** How long a browser may remember what it may ask; it asks again within minutes of a change. */
const PREFLIGHT_S = 600;

/**
 * Lets pages of listed origins read the answer (NET-4). Returns true when the request was the browser's question whether it may
 * ask, which is answered then.
 */
export function allowOrigin(
  origins: Origins,
  request: IncomingMessage,
  response: ServerResponse,
  methods: readonly string[],
): boolean {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin');
  if (origin === undefined || !origins.mayRead(origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
  if (request.method !== 'OPTIONS' || methods.length === 0) return false;
  response.setHeader('Access-Control-Allow-Methods', methods.join(', '));
  response.setHeader(
    'Access-Control-Allow-Headers',
    'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
  );
  response.setHeader('Access-Control-Max-Age', String(PREFLIGHT_S));
  response.writeHead(204).end();
  return true;
}

/** The same for a route that is for the pages of every origin. */
export function allowEveryOrigin(
  { answer, preflight }: EveryOrigin,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  for (const [name, value] of Object.entries(answer)) response.setHeader(name, value);
  if (request.method !== 'OPTIONS') return false;
  response.writeHead(204, preflight).end();
  return true;
}

/**
 * Whether the page that asks is of another origin and not listed: it may not read the answer, and must not have anything changed either,
 * which a form can ask for without a preflight (NET-5).
 */
export function isForeign(origins: Origins, { headers: { origin, host } }: IncomingMessage): boolean {
  if (origin === undefined || origins.mayRead(origin)) return false;
  return host === undefined || origin.replace(/^https?:\/\//, '') !== host;
}
