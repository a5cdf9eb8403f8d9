// Negative, so that they never equal a code unit.
const ANY_RUN = -1;
const ANY_ONE = -2;

/**
 * A matcher of a whole string against a pattern: `%` is any run, `_` any one code unit, `\` takes the next one as it is.
 * Upper and lower case are the same, folded unit by unit and never by locale. No backtracking beyond the last `%`, so no
 * pattern is slow.
 */
export function compileLike(pattern: string): (text: string) => boolean {
  const units = parsePattern(pattern);
  return (text) => matches(units, text);
}

function parsePattern(pattern: string): number[] {
  const units: number[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i];
    if (char === '%') {
      if (units.at(-1) !== ANY_RUN) units.push(ANY_RUN);
    } else if (char === '_') units.push(ANY_ONE);
    else units.push(foldUnit(pattern.charCodeAt(char === '\\' && i + 1 < pattern.length ? ++i : i)));
  }
  return units;
}

function matches(units: readonly number[], text: string): boolean {
  let at = 0;
  let textAt = 0;
  // Where to go on when the part after the last run does not fit: one unit further on.
  let runAt = -1;
  let resumeAt = 0;
  while (textAt < text.length) {
    const unit = units[at];
    if (unit === ANY_RUN) {
      runAt = at++;
      resumeAt = textAt;
    } else if (unit === ANY_ONE || unit === foldUnit(text.charCodeAt(textAt))) {
      at++;
      textAt++;
    } else if (runAt >= 0) {
      at = runAt + 1;
      textAt = ++resumeAt;
    } else return false;
  }
  while (units[at] === ANY_RUN) at++;
  return at === units.length;
}

function foldUnit(unit: number): number {
  if (unit < 0x80) return unit >= 65 && unit <= 90 ? unit + 32 : unit;
  const lower = String.fromCharCode(unit).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : unit;
}
