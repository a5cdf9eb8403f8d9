import { TopGunError } from '@topgun/core';

const FRAMES_MAX = 20;
const CAUSES_MAX = 3;
/** A line of a stack that names a place in a file. */
const FRAME = /^\s+at (?:[\w$.<>[\] ]+ \()?(?:file:|node:|\/|[A-Za-z]:\\)[^\n"'`]*:\d+:\d+\)?$/;
const WORD = /^[\w.-]{1,64}$/;
/** Codes whose messages name files, ports and settings of the operator, never anything that a client sent. */
const OWN_MESSAGES = /^(STORE|PORT|LISTEN|STATIC|BACKUP|SERVER)_[A-Z_]+$/;

/** An error as logs show it. */
export interface ShownError {
  readonly type: string;
  readonly code?: string;
  /** the call of the system that failed */
  readonly syscall?: string;
  readonly message?: string;
  readonly stack?: readonly string[];
  readonly cause?: ShownError;
}

/**
 * What of an error may be shown: its class, code and place. Texts of errors hold what failed, which may be a key, a record or a
 * secret (`Unexpected token 'x', "{"password":…`), so those are shown alone that this server makes about itself.
 */
export function describeError(error: unknown): ShownError {
  return described(error, CAUSES_MAX);
}

function described(error: unknown, causes: number): ShownError {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  const type = error.constructor.name;
  const isOwn = error instanceof TopGunError && OWN_MESSAGES.test(error.code);
  const stack = framesOf(error);
  return {
    type: WORD.test(type) ? type : 'Error',
    ...(isWord(code) && { code }),
    ...(isWord(syscall) && { syscall }),
    ...(isOwn && { message: error.message }),
    ...(stack.length > 0 && { stack }),
    ...(error.cause !== undefined && causes > 0 && { cause: described(error.cause, causes - 1) }),
  };
}

const isWord = (value: unknown): value is string => typeof value === 'string' && WORD.test(value);

/** The places alone. A message may have several lines, and they may look like places. */
function framesOf({ stack = '', message }: Error): string[] {
  const text = typeof message === 'string' ? message : '';
  const at = stack.indexOf(text);
  if (at < 0) return [];
  const lines = stack.slice(at + text.length).split('\n');
  return lines
    .filter((line) => FRAME.test(line))
    .slice(0, FRAMES_MAX)
    .map((line) => line.trim());
}
