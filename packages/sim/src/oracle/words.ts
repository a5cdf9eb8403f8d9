/** Whether a text, or the texts of a list together, have all words of another; with `isBegun` its last one may be a beginning. */
export function hasWords(field: unknown, text: string, isBegun: boolean): boolean {
  if (typeof field !== 'string' && !Array.isArray(field)) return false;
  const texts: readonly unknown[] = typeof field === 'string' ? [field] : field;
  const there = texts.flatMap((each) => (typeof each === 'string' ? wordsOf(each) : []));
  return wordsOf(text).every((word, i, all) =>
    there.some((each) => (isBegun && i === all.length - 1 ? each.startsWith(word) : each === word)),
  );
}

/** Letter by letter: what is neither letter, digit nor mark parts words, and an ideograph or a kana is one by itself. */
function wordsOf(text: string): string[] {
  let parted = '';
  for (const char of text) {
    const isAlone = /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}/u.test(char);
    const isPart = /\p{L}|\p{N}|\p{M}/u.test(char);
    parted += !isPart ? ' ' : isAlone ? ` ${char} ` : char;
  }
  return parted
    .split(' ')
    .map((word) =>
      [...word.normalize('NFKD')]
        .filter((char) => char < '\u0300' || char > '\u036f')
        .join('')
        .toLowerCase()
        .normalize('NFC')
        .replaceAll('ς', 'σ')
        .slice(0, 64),
    )
    .filter((word) => word !== '');
}
