import { exactText } from './taggedJson.js';

/** The names of types in their order (data.md). */
const ORDER = ['missing', 'null', 'boolean', 'number', 'string', 'date', 'bytes', 'array', 'object'] as const;
export type Type = (typeof ORDER)[number];

export function typeOf(value: unknown): Type {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (typeof value === 'bigint') return 'number';
  if (typeof value !== 'object') return typeof value as 'boolean' | 'number' | 'string';
  if (value instanceof Date) return 'date';
  if (value instanceof Uint8Array) return 'bytes';
  return Array.isArray(value) ? 'array' : 'object';
}

/** What stands at a path. */
export function fieldAt(value: unknown, path: string): unknown {
  let at = value;
  for (const name of namesOf(path)) {
    const type = typeOf(at);
    if (type === 'array' && /^(0|[1-9][0-9]*)$/.test(name)) at = (at as unknown[])[Number(name)];
    else if (type === 'object' && Object.keys(at as object).includes(name))
      at = (at as Record<string, unknown>)[name];
    else return undefined;
  }
  return at;
}

/** A backslash takes whatever follows into the name; the last unit of a path may be one, and stands for itself. */
export function namesOf(path: string): string[] {
  if (path === '') return [];
  const names = [''];
  for (const [piece] of path.matchAll(/\\[\s\S]|[\s\S]/g)) {
    if (piece === '.') names.push('');
    else names.push(`${names.pop()}${piece.length > 1 ? piece.slice(1) : piece}`);
  }
  return names;
}

/** Whether two values are the same: by type, in depth; a number and a bigint of one size are, where they stand alone. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeOf(a) === 'number' && typeOf(b) === 'number') return sizes(a, b) === 0;
  return a !== undefined && b !== undefined && exactText(a) === exactText(b);
}

/** The order of all values (data.md). */
export function order(a: unknown, b: unknown): number {
  const [typeA, typeB] = [typeOf(a), typeOf(b)];
  if (typeA !== typeB) return ORDER.indexOf(typeA) - ORDER.indexOf(typeB);
  switch (typeA) {
    case 'number':
      return sizes(a, b) || (typeof a === typeof b ? 0 : typeof a === 'number' ? -1 : 1);
    case 'date':
      return sizes((a as Date).getTime(), (b as Date).getTime());
    case 'boolean':
      return Number(a) - Number(b);
    case 'string':
      return texts(a as string, b as string);
    case 'bytes':
      return lists([...(a as Uint8Array)], [...(b as Uint8Array)]);
    case 'array':
      return lists(a as unknown[], b as unknown[]);
    case 'object':
      return lists(flat(a as object), flat(b as object));
    default:
      return 0;
  }
}

/** Within one type only, as `gt` and its like compare: there a number and a bigint of one size are level. */
export function orderWithin(a: unknown, b: unknown): number | undefined {
  const type = typeOf(a);
  if (type === 'missing' || type !== typeOf(b)) return undefined;
  return type === 'number' ? sizes(a, b) : order(a, b);
}

function sizes(a: unknown, b: unknown): number {
  // Numbers and bigints compare exactly with each other.
  return (a as number) === (b as number)
    ? 0
    : (a as number) < (b as number)
      ? -1
      : (a as number) > (b as number)
        ? 1
        : 0;
}

/** By code units, one after the other. */
function texts(a: string, b: string): number {
  return lists(units(a), units(b));
}

const units = (text: string): number[] => [...Array(text.length).keys()].map((at) => text.charCodeAt(at));

function lists(a: readonly unknown[], b: readonly unknown[]): number {
  for (const [at, item] of a.entries()) {
    if (at >= b.length) return 1;
    const found = order(item, b[at]);
    if (found !== 0) return found;
  }
  return a.length < b.length ? -1 : 0;
}

/** Fields in order of their names, each a name and a value. */
function flat(fields: object): unknown[] {
  return Object.entries(fields)
    .sort(([a], [b]) => texts(a, b))
    .flat();
}
