import { decodeCanonical } from '../../canonical/decodeCanonical.js';
import { encodeCanonical } from '../../canonical/encodeCanonical.js';
import { hashValue } from '../../hash/hashValue.js';
import type { QuerySpec } from '../compileQuery.js';
import { fromBase64Url, toBase64Url } from './base64url.js';
import { cursorError } from './cursorErrors.js';
import { assertPosition, POSITION_BYTES_MAX, type RowPosition } from './RowPosition.js';

/**
 * A cursor is a place in the order of one question, as opaque text for links and for calls that do not stay open.
 *
 * Layout: base64url of the canonical encoding of `[version, question, madeAtMs, key, values, check]`, where `question`
 * and `check` are 53-bit hashes: of map, filter and sort; and of all before it. It is no secret and no proof: whoever
 * forges one has chosen a place to begin at, among rows that he may see.
 */
export interface Cursor {
  /** `questionOf` of the query it was made for. */
  readonly question: number;
  readonly position: RowPosition;
  /** When it was made, ms since the epoch, by the clock of who made it. */
  readonly madeAtMs: number;
}

const VERSION = 1;

/** How long a cursor holds, in ms: links are not kept for good, so positions and their format may change between versions. */
export const CURSOR_AGE_MS_MAX = 10 * 60_000;

/** The longest cursor, in characters: a position and what stands around it. */
const CURSOR_LENGTH_MAX = Math.ceil(((POSITION_BYTES_MAX + 256) * 4) / 3);

/** What a cursor belongs to: the map, the filter and the order. The page's size may differ from call to call. */
export function questionOf(map: string, { where, sort }: QuerySpec): number {
  return hashValue([map, where ?? null, sort ?? []]);
}

export function encodeCursor({ question, position, madeAtMs }: Cursor): string {
  const content = [VERSION, question, madeAtMs, position.key, position.values];
  return toBase64Url(encodeCanonical([...content, hashValue(content)]));
}

/**
 * The position in a cursor of this question. Throws `CURSOR_INVALID` when it is damaged, of another version, or of another
 * question; `CURSOR_EXPIRED` when it was made more than `CURSOR_AGE_MS_MAX` before `nowMs`, or as far after it.
 */
export function decodeCursor(
  text: string,
  question: Pick<QuerySpec, 'where' | 'sort'> & { readonly map: string },
  nowMs: number,
): RowPosition {
  const [version, asked, madeAtMs, key, values] = contentOf(text);
  if (version !== VERSION) throw invalid(`is of version ${String(version)}, and this is version ${VERSION}`);
  if (asked !== questionOf(question.map, question)) throw invalid('belongs to another map, filter or sort');
  const position = { key, values };
  try {
    assertPosition(position, question.sort);
  } catch (error) {
    throw invalid('holds no position', error);
  }
  if (typeof madeAtMs !== 'number') throw invalid('names no time');
  const ageMs = nowMs - madeAtMs;
  // A clock that is wrong by so much says nothing about the age.
  if (Math.abs(ageMs) > CURSOR_AGE_MS_MAX) {
    const age = Math.round(ageMs / 1000);
    throw cursorError(
      'CURSOR_EXPIRED',
      `The cursor was made ${age} s ago, and holds for ${CURSOR_AGE_MS_MAX / 1000} s.`,
    );
  }
  return position;
}

function contentOf(text: string): unknown[] {
  const bytes =
    typeof text === 'string' && text.length <= CURSOR_LENGTH_MAX ? fromBase64Url(text) : undefined;
  if (bytes === undefined) throw invalid('is damaged');
  let parts: unknown;
  try {
    parts = decodeCanonical(bytes);
  } catch (error) {
    throw invalid('is damaged', error);
  }
  const check = Array.isArray(parts) ? parts.pop() : undefined;
  if (!Array.isArray(parts) || hashValue(parts) !== check) throw invalid('is damaged');
  return parts;
}

function invalid(what: string, cause?: unknown): Error {
  return cursorError('CURSOR_INVALID', `The cursor ${what}.`, cause);
}
