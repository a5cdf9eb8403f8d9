/** A word of a text, and what it is compared as. */
export interface Token {
  readonly term: string;
  /** Where the word begins in the text, in code units. */
  readonly start: number;
  /** Where it ends, exclusive. */
  readonly end: number;
}

/** Longer words are data, such as hashes and links: nobody types more of them, and the vocabulary holds each of them. */
const TERM_LENGTH_MAX = 64;

const WORD = /[\p{L}\p{N}\p{M}]+/gu;
/** Scripts without spaces between words, in which a character is the smallest thing with a meaning. */
const IDEOGRAPH = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of ASCII
export const ASCII = /^[\x00-\x7f]*$/;
const MARKS = /\p{M}+/gu;

/**
 * The words of a text in their order (SRCH-2): runs of letters, digits and marks, and each Han, Hiragana or Katakana character by
 * itself. Terms are without diacritics and in lower case, the same on every machine: nothing here depends on a locale.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(WORD)) addWord(tokens, match[0], match.index);
  return tokens;
}

/** What a word is compared as. '' for one that is made of marks alone. */
function termOf(word: string): string {
  if (ASCII.test(word)) return word.toLowerCase().slice(0, TERM_LENGTH_MAX);
  // The sigma at the end of a word has a small form of its own, which prefixes would not find.
  const folded = word.normalize('NFKD').replace(MARKS, '').toLowerCase().replaceAll('ς', 'σ');
  return folded.slice(0, TERM_LENGTH_MAX);
}

function addWord(tokens: Token[], word: string, start: number): void {
  if (!ASCII.test(word) && IDEOGRAPH.test(word)) {
    splitAtIdeographs(tokens, word, start);
    return;
  }
  const term = termOf(word);
  if (term !== '') tokens.push({ term, start, end: start + word.length });
}

function splitAtIdeographs(tokens: Token[], word: string, start: number): void {
  let at = start;
  let run = '';
  const endRun = (): void => {
    if (run !== '') addWord(tokens, run, at - run.length);
    run = '';
  };
  for (const char of word) {
    if (IDEOGRAPH.test(char)) {
      endRun();
      const term = termOf(char);
      if (term !== '') tokens.push({ term, start: at, end: at + char.length });
    } else run += char;
    at += char.length;
  }
  endRun();
}
