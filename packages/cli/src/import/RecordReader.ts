import { LIMITS } from '@topgun/protocol';

/** What a file holds, one after the other: a record, or a place where there is none and why. Lines count from 1. */
export type Found =
  | { readonly line: number; readonly value: unknown }
  | { readonly line: number; readonly problem: string };

/**
 * Takes the text of a file in pieces, cut anywhere, and gives what each piece completes. It keeps no more than one
 * record, of at most `RECORD_CHARS_MAX`.
 */
export interface RecordReader {
  feed(text: string): readonly Found[];
  /** what the end of the file completes */
  end(): readonly Found[];
}

/** chars: a frame takes no larger record, so a longer one is not worth keeping */
export const RECORD_CHARS_MAX = LIMITS.frameBytes;

export const TOO_LONG = `longer than ${RECORD_CHARS_MAX} characters`;

/** One text as JSON, or why it is none. */
export function parseRecord(line: number, text: string): Found {
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { line, problem: `no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
