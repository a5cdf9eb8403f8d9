import { TopGunError } from '@topgun/core';
import { type ErrorCode, isErrorCode, protocolErrors } from '@topgun/protocol';
import { PeerRefusal } from '../../RequestPeers.js';
import { type HttpAnswer, HttpRefusal } from '../Route.js';

/** What HTTP calls the refusals of the engine; all others are its own fault. */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  BAD_FRAME: 400,
  BAD_MESSAGE: 400,
  VALUE_NOT_ADMITTED: 400,
  PREDICATE_INVALID: 400,
  CROSS_PARTITION: 400,
  VOLATILE_MAP: 400,
  REPLICATED_UNSUPPORTED: 400,
  AUTH_EXPIRED: 401,
  DENIED: 403,
  // By an interceptor: the token is good.
  AUTH_FAILED: 403,
  WRONG_KIND: 409,
  STALE_OP: 409,
  RESOLVER_REJECTED: 409,
  ID_REUSED: 422,
  RATE: 429,
  LIMIT: 503,
  UNAVAILABLE: 503,
  SEQ_WINDOW: 503,
  CLOCK_SKEW: 503,
  NEW_INCARNATION: 503,
  UNKNOWN_CLIENT: 503,
  SESSION_UNKNOWN: 503,
};

/** Faults of a query and its cursor, as core finds them. */
const OF_QUERIES = /^(PREDICATE|QUERY|CURSOR|REGEX)_/;

export const statusOf = (code: ErrorCode): number => STATUS[code] ?? 500;

/** When who was refused with this status may come again. */
export function retryAfter(status: number, retryAfterMs = 1_000): Readonly<Record<string, string>> {
  return status === 429 || status === 503 ? { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) } : {};
}

/** What is said of a code: the same wherever it stands. */
export function told(code: ErrorCode): { readonly code: ErrorCode; readonly remedy: string } {
  return { code, remedy: protocolErrors[code].remedy };
}

/** Answers, and says of what the engine refuses what HTTP has for it. Refusals of other kinds pass. */
export async function toldByEngine(answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await answer();
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

function refusalOf(error: unknown): HttpRefusal | undefined {
  if (error instanceof PeerRefusal) {
    const { code, path, retryAfterMs } = error;
    const status = statusOf(code);
    const message = path === undefined ? undefined : `The fault is at ${path}.`;
    const body = { ...told(code), ...(message && { message }), ...(retryAfterMs && { retryAfterMs }) };
    return new HttpRefusal(status, body, retryAfter(status, retryAfterMs));
  }
  if (!(error instanceof TopGunError) || (!OF_QUERIES.test(error.code) && !isErrorCode(error.code)))
    return undefined;
  const { code, message, remedy } = error;
  return new HttpRefusal(400, { code, message, remedy });
}

export function malformed(message: string): HttpRefusal {
  return new HttpRefusal(400, {
    code: 'BAD_MESSAGE',
    message,
    remedy: 'Send it in the form that the message names.',
  });
}

export const unavailable = (retryAfterMs = 1_000): HttpRefusal =>
  new HttpRefusal(503, { ...told('UNAVAILABLE'), retryAfterMs }, retryAfter(503, retryAfterMs));
