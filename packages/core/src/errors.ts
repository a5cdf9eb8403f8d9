/** What a TopGunError is made of. `retriable` says whether the same call may succeed later; the default is false. */
export interface TopGunErrorOptions {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly retriable?: boolean;
  readonly cause?: unknown;
}

/**
 * The one error every TopGun package throws: `code` for programs, `message` naming the thing, `remedy` saying what to do.
 *
 * Codes never change their meaning; messages may. Each package keeps its codes in one table.
 */
export class TopGunError extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly retriable: boolean;

  constructor(options: TopGunErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TopGunError';
    this.code = options.code;
    this.remedy = options.remedy;
    this.retriable = options.retriable ?? false;
  }
}

/** Every code that core throws, with its way out. */
export const coreErrors = {
  VALUE_NOT_ADMITTED: {
    remedy:
      'Store finite numbers, strings, booleans, 64-bit bigints, dates, Uint8Arrays, and plain arrays and objects of them.',
  },
  TTL_INVALID: { remedy: 'Pass a positive whole number of milliseconds, or none.' },
  KEY_INVALID: { remedy: 'Use a well-formed string of 1 to 512 UTF-8 bytes.' },
  TAG_INVALID: { remedy: 'Use a non-empty tag that this key never had.' },
  NODE_INVALID: { remedy: 'Use a non-empty string that no other node uses.' },
  HLC_DRIFT: { remedy: 'Correct the clock that is ahead.' },
  TIMESTAMP_FORMAT: {
    remedy: 'Use whole millis of 0 to 4398046511103, a counter of 0 to 2047 and a node id.',
  },
  CANONICAL_FORMAT: { remedy: 'Decode only bytes made by encodeCanonical.' },
  COUNTER_INVALID: { remedy: 'Use safe integers.' },
  MERKLE_INVALID: {
    remedy: 'Use paths of at most 6 hex digits, depths of 0 to 4, digests of 0 to 2^53 - 1.',
  },
  PREDICATE_INVALID: { remedy: 'Correct the part named.' },
  PREDICATE_OPERATOR_UNKNOWN: { remedy: 'Use an operator that the guide on queries lists.' },
  QUERY_INVALID: { remedy: "Sort by up to 8 paths, 'asc' or 'desc'; limit by a positive whole number." },
} as const satisfies Record<string, { readonly remedy: string }>;

/** A code that core throws. */
export type CoreErrorCode = keyof typeof coreErrors;

/** The error of one core code, with the remedy of the table unless there is a better one. */
export function coreError(code: CoreErrorCode, message: string, remedy?: string): TopGunError {
  return new TopGunError({ code, message, remedy: remedy ?? coreErrors[code].remedy });
}
