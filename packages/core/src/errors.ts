import { TEXTS } from '@topgun/core/texts';

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
    this.remedy = options.remedy || `See ${options.code} in docs/guides/errors.md.`;
    this.retriable = options.retriable ?? false;
  }
}

/** What a table of codes says of one of them. */
export interface ErrorInfo {
  /** What the reader of the error does about it. */
  readonly remedy: string;
  /** Whether the same call may succeed later without a change by the app. */
  readonly retriable: boolean;
}

/** A code after which the same call fails again. */
/* @__NO_SIDE_EFFECTS__ */
export function final(remedy: string): ErrorInfo {
  return { remedy, retriable: false };
}

/** A code after which the same call may succeed later. */
/* @__NO_SIDE_EFFECTS__ */
export function passing(remedy: string): ErrorInfo {
  return { remedy, retriable: true };
}

/** The codes of clocks, values and maps, each with its way out. Those of queries stand in `query/queryErrors.ts`. */
export const mapErrors = {
  VALUE_NOT_ADMITTED: final(
    TEXTS &&
      'Store numbers, strings, booleans, 64-bit bigints, dates, Uint8Arrays, and plain arrays and objects of them.',
  ),
  TTL_INVALID: final(TEXTS && 'Pass a positive whole number of milliseconds, or none.'),
  KEY_INVALID: final(TEXTS && 'Use a well-formed string of 1 to 512 UTF-8 bytes.'),
  TAG_INVALID: final(TEXTS && 'Use a tag that this key never had.'),
  NODE_INVALID: final(TEXTS && 'Use a string that no other node uses.'),
  HLC_DRIFT: final(TEXTS && 'Correct the clock that is ahead.'),
  TIMESTAMP_FORMAT: final(TEXTS && 'Use whole millis, a counter of 0 to 2047 and a node id.'),
  COUNTER_INVALID: final(TEXTS && 'Use safe integers.'),
  MERKLE_INVALID: final(TEXTS && 'Use paths of 0 to 6 hex digits, depths of 0 to 4, digests of 53 bits.'),
};

/** What makes the errors of a table of codes. */
export const errorsOf =
  <Code extends string>(table: Readonly<Record<Code, ErrorInfo>>) =>
  (code: Code, message: string, cause?: unknown): TopGunError =>
    new TopGunError({ code, message, ...table[code], cause });

/** The error of a code of the table above, with its remedy unless there is a better one. */
export function mapError(
  code: keyof typeof mapErrors,
  message: string,
  remedy: string = mapErrors[code].remedy,
): TopGunError {
  return new TopGunError({ code, message, remedy });
}
