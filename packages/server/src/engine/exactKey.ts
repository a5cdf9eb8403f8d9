/**
 * A text for what a frame can hold, the same for the same content in any order of fields; what differs never shares one.
 * Everything is told by its type and says where it ends. Unlike `encodeCanonical` it takes what is deeper or larger than a
 * value that is stored: a query may be both.
 */
export function exactKey(part: unknown): string {
  switch (typeof part) {
    case 'string':
      return `s${part.length}:${part}`;
    case 'number':
      return `n${part};`;
    case 'bigint':
      return `i${part};`;
    case 'boolean':
      return part ? 't' : 'f';
    default:
      return typeof part === 'object' && part !== null ? keyOfObject(part) : 'z';
  }
}

function keyOfObject(part: object): string {
  if (Array.isArray(part)) return `[${part.map(exactKey).join('')}]`;
  if (part instanceof Date) return `d${part.getTime()};`;
  if (part instanceof Uint8Array) return `b${part.join()};`;
  const fields = Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, value]) => exactKey(name) + exactKey(value)).join('')}}`;
}
