import type { TextRange } from './highlights.js';

/** A piece of a snippet: plain, or a word that was found. */
export interface SnippetPart {
  readonly text: string;
  readonly isMatch: boolean;
}

/** A cut of a text, made of all its parts in order. */
export interface Snippet {
  readonly parts: readonly SnippetPart[];
  /** Whether the text begins before the cut, or goes on after it. */
  readonly isCutBefore: boolean;
  readonly isCutAfter: boolean;
}

/** About as much as two lines show. */
const LENGTH_DEFAULT = 160;
/** Of what is cut, this part stands before the first word that was found. */
const LEAD = 0.25;

/**
 * The part of a text with the most words that were found, at most `length` code units of it, cut between words where there is room, never
 * within a surrogate pair. `ranges` are those of a highlight. Without ranges the beginning of the text.
 */
export function snippetOf(
  text: string,
  ranges: readonly TextRange[],
  { length = LENGTH_DEFAULT }: { readonly length?: number } = {},
): Snippet {
  const [from, to] = windowOf(text, ranges, Math.max(1, Math.floor(length)));
  const parts: SnippetPart[] = [];
  let at = from;
  const add = (end: number, isMatch: boolean): void => {
    if (end > at) parts.push({ text: text.slice(at, end), isMatch });
    at = Math.max(at, end);
  };
  for (const [start, end] of ranges) {
    if (end <= from || start >= to) continue;
    add(Math.max(from, start), false);
    add(Math.min(to, end), true);
  }
  add(to, false);
  return { parts, isCutBefore: from > 0, isCutAfter: to < text.length };
}

/**
 * A snippet as HTML: what was found in `<mark>`, an ellipsis where the text was cut. Everything that is text is escaped, so that it can stand
 * inside of an element, and in a quoted attribute too.
 */
export function snippetHtml({ parts, isCutBefore, isCutAfter }: Snippet): string {
  const body = parts.map(({ text, isMatch }) =>
    isMatch ? `<mark>${escapeHtml(text)}</mark>` : escapeHtml(text),
  );
  return `${isCutBefore ? '…' : ''}${body.join('')}${isCutAfter ? '…' : ''}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string);

function windowOf(text: string, ranges: readonly TextRange[], length: number): TextRange {
  if (text.length <= length) return [0, text.length];
  const first = bestRange(ranges, length);
  const wanted = Math.max(0, (ranges[first]?.[0] ?? 0) - Math.floor(length * LEAD));
  const from = atBoundary(text, Math.min(wanted, text.length - length), ranges[first]?.[0] ?? 0);
  let to = Math.min(text.length, from + length);
  if (to < text.length) {
    const space = text.lastIndexOf(' ', to);
    if (space > from + length / 2 && !ranges.some(([start, end]) => start < space && space < end)) to = space;
  }
  return [from, isWithinPair(text, to) ? to - 1 : to];
}

/** The range from which on the most others lie within `length`. */
function bestRange(ranges: readonly TextRange[], length: number): number {
  let best = 0;
  let most = 0;
  let last = 0;
  for (const [i, [start]] of ranges.entries()) {
    while (last < ranges.length && (ranges[last]?.[1] ?? 0) <= start + length * (1 - LEAD)) last++;
    if (last - i > most) [best, most] = [i, last - i];
  }
  return best;
}

/** The beginning of the next word, unless it lies behind what must be shown. */
function atBoundary(text: string, from: number, shown: number): number {
  if (from === 0) return 0;
  const space = text.indexOf(' ', from - 1);
  const at = space >= 0 && space < shown ? space + 1 : from;
  return isWithinPair(text, at) ? at + 1 : at;
}

function isWithinPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
