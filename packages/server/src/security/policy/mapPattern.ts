/** Whether a principal with this subject is meant by a pattern, when it names this map. */
export type MapMatcher = (map: string, sub: string) => boolean;

/**
 * Compiles a pattern such as `todos`, `rooms:*`, `users/{sub}/**` or `**`.
 *
 * Names are compared segment by segment, the separators ':' and '/' being part of the comparison. `*` stands for one
 * segment, a trailing `**` for one or more, `{sub}` for the subject, which therefore never matches when it holds a
 * separator itself. Returns undefined for a malformed pattern.
 */
export function compileMapPattern(pattern: string): MapMatcher | undefined {
  const wanted = split(pattern);
  const rest = wanted.at(-1) === '**';
  if (rest) wanted.pop();
  if (wanted.some((part) => part === '' || part.includes('**') || (part.includes('*') && part !== '*')))
    return undefined;
  if (!rest && !pattern.includes('*') && !pattern.includes('{sub}')) return (map) => map === pattern;
  if (rest && wanted.length === 0) return () => true;
  return (map, sub) => {
    const given = split(map);
    if (rest ? given.length <= wanted.length : given.length !== wanted.length) return false;
    for (let i = 0; i < wanted.length; i++) {
      const segment = wanted[i];
      if (segment === '*' ? given[i] === '' : (segment === '{sub}' ? sub : segment) !== given[i])
        return false;
    }
    return true;
  };
}

/** Whether a pattern names maps whoever asks: well-formed, and without `{sub}`. */
export function isMapPattern(pattern: string): boolean {
  return compileMapPattern(pattern) !== undefined && !pattern.includes('{sub}');
}

/** Whether one of the patterns names a map. */
export function anyMapPattern(patterns: readonly string[]): (map: string) => boolean {
  const matchers = patterns.flatMap((pattern) => compileMapPattern(pattern) ?? []);
  return (map) => matchers.some((matches) => matches(map, ''));
}

/** Segments and separators in turn. */
function split(name: string): string[] {
  return name.split(/([:/])/);
}
