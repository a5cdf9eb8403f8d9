import { type ErrorInfo, final, passing } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';
import * as CLOSE_CODE from './closeCodes.js';

/**
 * Codes that travel: in ERROR, in the exceptions of OP_ACK, and as close codes. Both sets are closed. On the wire
 * only the code and safe text travel; the remedy is looked up here by the receiver.
 */

export type { ErrorInfo as ProtocolErrorInfo };

export const protocolErrors = {
  BAD_FRAME: final(TEXTS && 'Use the codec of @topgun/protocol on both ends.'),
  BAD_MESSAGE: final(TEXTS && 'Compare both ends: they may run different versions.'),
  UNKNOWN_TYPE: final(TEXTS && 'Update the older of the two ends.'),
  VERSION: final(TEXTS && 'Update the older of the two ends.'),
  AUTH_REQUIRED: final(TEXTS && 'Send AUTH with a token as the first frame.'),
  AUTH_FAILED: final(TEXTS && 'Sign in again; on the server compare key, algorithm, issuer and audience.'),
  AUTH_EXPIRED: passing(TEXTS && 'Send AUTH with a fresh token on the same connection within 30 s.'),
  DENIED: final(TEXTS && 'Ask for the right, or add a policy for this role, map and action.'),
  LIMIT: final(TEXTS && 'Send less at once: the message names the limit.'),
  RATE: passing(TEXTS && 'Wait `retryAfterMs` and send more slowly.'),
  CLOCK_SKEW: passing(TEXTS && 'Set the clock to `serverTime` and stamp the op again under its id.'),
  STALE_OP: final(
    TEXTS && 'The server has forgotten deletions since. Sync, then decide whether to write again.',
  ),
  RESYNC: passing(TEXTS && 'Open the scope again.'),
  UNKNOWN_CLIENT: final(TEXTS && 'Unused for a year: draw a new clientId and decide about the pending ops.'),
  NEW_INCARNATION: passing(TEXTS && 'The store was restored: send the retained ops again and sync.'),
  NOT_OWNER: passing(TEXTS && 'Fetch the partition map and try its owner.'),
  UNAVAILABLE: passing(TEXTS && 'Keep the op and try again later.'),
  INTERNAL: passing(TEXTS && 'Report the message to whoever runs the server.'),
  WRONG_KIND: final(TEXTS && 'Open the map as the kind it has, or take another name.'),
  ID_REUSED: final(TEXTS && 'Give the op a new id and send it again.'),
  SESSION_UNKNOWN: passing(TEXTS && 'Name the session in AUTH or SESSIONS first.'),
  SEQ_WINDOW: passing(TEXTS && 'Send again when older ops of the session are answered.'),
  CROSS_PARTITION: final(TEXTS && 'Give all keys of the transaction a common {tag}.'),
  VOLATILE_MAP: final(
    TEXTS &&
      'The server keeps this map in memory alone: wait for APPLIED, and write durable maps apart from it.',
  ),
  REPLICATED_UNSUPPORTED: final(TEXTS && 'Ask for PERSISTED, or use a cluster.'),
  PREDICATE_INVALID: final(TEXTS && 'Correct the query at `path`.'),
  VALUE_NOT_ADMITTED: final(TEXTS && 'Store only admitted values; the path names the fault.'),
  RESOLVER_REJECTED: final(TEXTS && 'Write what the resolver of the map allows; the reason says what.'),
  RESOLVER_FAILED: final(TEXTS && 'Mend the resolver of the map; the log of the server says what it threw.'),
};

/** The closed set of codes an ERROR or a rejection can carry. */
export type ErrorCode = keyof typeof protocolErrors;

export const ERROR_CODES = /* @__PURE__ */ Object.keys(protocolErrors) as readonly ErrorCode[];

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(protocolErrors, value);
}

export type CloseCode = (typeof CLOSE_CODE)[keyof typeof CLOSE_CODE];

export interface CloseInfo {
  readonly meaning: string;
  /** whether the client connects again by itself */
  readonly reconnect: boolean;
}

/** Closes after which trying again is no use, for one of the ends has to change something first. */
const FINAL_CLOSES: readonly number[] = [
  CLOSE_CODE.NORMAL,
  CLOSE_CODE.AUTH,
  CLOSE_CODE.OTHER_SUBJECT,
  CLOSE_CODE.REPLACED,
  CLOSE_CODE.VERSION,
];

export const isFinalClose = (code: number): boolean => FINAL_CLOSES.includes(code);

const closeMeanings: Readonly<Record<CloseCode, string>> = {
  1000: 'closed on purpose',
  1001: 'the server is going away',
  1002: 'WebSocket protocol fault',
  1007: 'text was not UTF-8',
  1008: 'a message in too many pieces',
  1009: 'message too big',
  1013: 'too slow, overloaded, or no AUTH in time: try later',
  4400: 'a frame broke the wire profile',
  4401: 'no valid token',
  4403: 'the clientId belongs to another subject',
  4408: 'too many refused messages',
  4410: 'a newer connection took over',
  4426: 'no common protocol version',
  4429: 'rate limit exceeded for long',
};

/** What each close code says. Marked as pure, so that bundles that do not name it leave the texts out. */
export const closeCodes = /* @__PURE__ */ describeCloses();

function describeCloses(): Readonly<Record<CloseCode, CloseInfo>> {
  const rows = Object.entries(closeMeanings).map(
    ([code, meaning]) => [code, { meaning, reconnect: !isFinalClose(Number(code)) }] as const,
  );
  // The keys are those of `closeMeanings`.
  return Object.fromEntries(rows) as Record<CloseCode, CloseInfo>;
}
