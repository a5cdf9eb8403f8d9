/**
 * Codes that travel: in ERROR, in the exceptions of OP_ACK, and as close codes. Both sets are closed. On the wire
 * only the code and safe text travel; the remedy is looked up here by the receiver.
 */

export interface ProtocolErrorInfo {
  /** what the reader of the error does about it */
  readonly remedy: string;
  /** true: the same request can succeed later without a change by the app */
  readonly retriable: boolean;
}

export const protocolErrors = {
  BAD_FRAME: {
    remedy: 'Use the codec of @topgun/protocol on both ends.',
    retriable: false,
  },
  BAD_MESSAGE: {
    remedy: 'Compare both ends: they may run different versions.',
    retriable: false,
  },
  UNKNOWN_TYPE: {
    remedy: 'Update the older of the two ends.',
    retriable: false,
  },
  VERSION: { remedy: 'Update the older of the two ends.', retriable: false },
  AUTH_REQUIRED: { remedy: 'Send AUTH with a token as the first frame.', retriable: false },
  AUTH_FAILED: {
    remedy: 'Sign in again; on the server compare key, algorithm, issuer and audience.',
    retriable: false,
  },
  AUTH_EXPIRED: {
    remedy: 'Send AUTH with a fresh token on the same connection within 30 s.',
    retriable: true,
  },
  DENIED: {
    remedy: 'Ask for the right, or add a policy for this role, map and action.',
    retriable: false,
  },
  LIMIT: { remedy: 'Send less at once: the message names the limit.', retriable: false },
  RATE: { remedy: 'Wait `retryAfterMs` and send more slowly.', retriable: true },
  CLOCK_SKEW: {
    remedy: 'Set the clock to `serverTime` and stamp the op again under its id.',
    retriable: true,
  },
  STALE_OP: {
    remedy: 'The server has forgotten deletions since. Sync, then decide whether to write again.',
    retriable: false,
  },
  RESYNC: { remedy: 'Open the scope again.', retriable: true },
  UNKNOWN_CLIENT: {
    remedy: 'Unused for a year: draw a new clientId and decide about the pending ops.',
    retriable: false,
  },
  NEW_INCARNATION: {
    remedy: 'The store was restored: send the retained ops again and sync.',
    retriable: true,
  },
  NOT_OWNER: {
    remedy: 'Fetch the partition map and try its owner.',
    retriable: true,
  },
  UNAVAILABLE: {
    remedy: 'Keep the op and try again later.',
    retriable: true,
  },
  INTERNAL: { remedy: 'Report the message to whoever runs the server.', retriable: true },
  WRONG_KIND: {
    remedy: 'Open the map as the kind it has, or take another name.',
    retriable: false,
  },
  ID_REUSED: {
    remedy: 'Give the op a new id and send it again.',
    retriable: false,
  },
  SESSION_UNKNOWN: {
    remedy: 'Name the session in AUTH or SESSIONS first.',
    retriable: true,
  },
  SEQ_WINDOW: {
    remedy: 'Send again when older ops of the session are answered.',
    retriable: true,
  },
  CROSS_PARTITION: {
    remedy: 'Give all keys of the transaction a common {tag}.',
    retriable: false,
  },
  REPLICATED_UNSUPPORTED: {
    remedy: 'Ask for PERSISTED, or use a cluster.',
    retriable: false,
  },
  PREDICATE_INVALID: { remedy: 'Correct the query at `path`.', retriable: false },
  VALUE_NOT_ADMITTED: {
    remedy: 'Store only admitted values; the path names the fault.',
    retriable: false,
  },
} as const satisfies Record<string, ProtocolErrorInfo>;

/** The closed set of codes an ERROR or a rejection can carry. */
export type ErrorCode = keyof typeof protocolErrors;

export const ERROR_CODES = Object.keys(protocolErrors) as readonly ErrorCode[];

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(protocolErrors, value);
}

/** Why a WebSocket was closed. The first six are those of RFC 6455. */
export const CLOSE_CODE = {
  /** done */
  NORMAL: 1000,
  /** server shutting down, or page left; connect again */
  GOING_AWAY: 1001,
  /** WebSocket protocol fault */
  PROTOCOL_ERROR: 1002,
  /** text that is not UTF-8 */
  BAD_UTF8: 1007,
  /** message larger than the limit of the frame */
  TOO_BIG: 1009,
  /** slow consumer or overload; connect again later */
  TRY_LATER: 1013,
  /** a frame outside the strict wire profile */
  BAD_FRAME: 4400,
  /** no token in time, refused, or expired and not renewed */
  AUTH: 4401,
  /** the clientId belongs to another subject: open another store */
  OTHER_SUBJECT: 4403,
  /** too many refused messages */
  STRIKES: 4408,
  /** a newer connection of the same client took over */
  REPLACED: 4410,
  /** no common protocol version */
  VERSION: 4426,
  /** rate limit exceeded for long */
  RATE: 4429,
} as const;
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
  1009: 'message too big',
  1013: 'too slow or overloaded, try later',
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
