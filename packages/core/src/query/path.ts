/** The segments of a path: split at dots, except those behind a backslash. '' has none and is the value itself. */
export function parsePath(path: string): readonly string[] {
  if (path === '') return [];
  if (!path.includes('\\')) return path.split('.');
  const segments = [''];
  for (let i = 0; i < path.length; i++) {
    const char = path[i] as string;
    if (char === '.') segments.push('');
    else segments[segments.length - 1] += char === '\\' && i + 1 < path.length ? (path[++i] as string) : char;
  }
  return segments;
}

/** What a value holds at a path; undefined when it is missing. Only fields of plain objects and items of arrays count. */
export function readPath(value: unknown, segments: readonly string[]): unknown {
  let at: unknown = value;
  for (const segment of segments) {
    if (typeof at !== 'object' || at === null || at instanceof Date || at instanceof Uint8Array)
      return undefined;
    // `length` is an own property of arrays, and own properties keep out whatever prototypes hold.
    if (!Object.hasOwn(at, segment) || (segment === 'length' && Array.isArray(at))) return undefined;
    at = (at as Record<string, unknown>)[segment];
  }
  return at;
}
