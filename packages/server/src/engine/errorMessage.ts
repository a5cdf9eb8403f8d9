import type { ErrorCode, ErrorMessage } from '@topgun/protocol';

/**
 * The text of each code as it travels. It never says more than the code: no value, no key, no difference between what
 * is absent and what is denied.
 */
const TEXTS: Readonly<Record<ErrorCode, string>> = {
  BAD_FRAME: 'The frame breaks the wire profile.',
  BAD_MESSAGE: 'The message does not fit its schema.',
  UNKNOWN_TYPE: 'This server does not know the message.',
  VERSION: 'No common protocol version.',
  AUTH_REQUIRED: 'The first frame must be AUTH.',
  AUTH_FAILED: 'The token was refused.',
  AUTH_EXPIRED: 'The token has expired.',
  DENIED: 'Not permitted.',
  LIMIT: 'A limit of the server was exceeded.',
  RATE: 'Too fast.',
  CLOCK_SKEW: 'An op is stamped too far ahead of the server.',
  STALE_OP: 'An op is older than what the server remembers.',
  RESYNC: 'The subscription must be opened again.',
  UNKNOWN_CLIENT: 'The client is not known any more.',
  NEW_INCARNATION: 'The store was restored.',
  NOT_OWNER: 'Another node owns the partition.',
  UNAVAILABLE: 'The server cannot do this at the moment.',
  INTERNAL: 'The server failed.',
  WRONG_KIND: 'The map has another kind.',
  ID_REUSED: 'The op id belongs to another op.',
  SESSION_UNKNOWN: 'The session was not declared on this connection.',
  SEQ_WINDOW: 'Too far above the oldest unsettled op of the session.',
  CROSS_PARTITION: 'The keys of the transaction lie in several partitions.',
  REPLICATED_UNSUPPORTED: 'This server keeps its data on one node.',
  VOLATILE_MAP: 'The map is kept in memory alone.',
  PREDICATE_INVALID: 'The predicate is malformed.',
  RESOLVER_REJECTED: 'The resolver of the map rejected the op.',
  RESOLVER_FAILED: 'The resolver of the map failed.',
  VALUE_NOT_ADMITTED: 'The value is not admitted.',
};

export interface ErrorDetails {
  readonly req?: number;
  readonly path?: string;
  readonly retryAfterMs?: number;
  readonly serverTime?: number;
  readonly ref?: string;
}

/** What an error calls a topic: no map and no query has a name with a space. */
export const topicRef = (topic: string): string => `topic ${topic}`;

export function errorMessage(code: ErrorCode, details: ErrorDetails = {}): ErrorMessage {
  return { type: 'ERROR', code, message: TEXTS[code], ...details };
}
