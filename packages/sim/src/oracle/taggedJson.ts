/**
 * Values as JSON that keeps their types: a bigint is `{ $n: '1' }`, a date `{ $d: ms }`, bytes are `{ $y: hex }`. Cases hold no field
 * of these names. Files of cases and PostgreSQL are given the same.
 */
export function tag(value: unknown): unknown {
  if (typeof value === 'bigint') return { $n: String(value) };
  if (value instanceof Date) return { $d: value.getTime() };
  if (value instanceof Uint8Array) return { $y: Buffer.from(value).toString('hex') };
  return mapParts(value, tag);
}

export function untag(json: unknown): unknown {
  if (typeof json === 'object' && json !== null) {
    const { $n, $d, $y } = json as Readonly<Record<string, unknown>>;
    if (typeof $n === 'string') return BigInt($n);
    if (typeof $d === 'number') return new Date($d);
    if (typeof $y === 'string') return Uint8Array.from(Buffer.from($y, 'hex'));
  }
  return mapParts(json, untag);
}

/** One text for values that are the same, another for all others: fields in order of names. */
export function exactText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(tag(value));
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = JSON.stringify(sorted(tag(value)));
  texts.set(value, text);
  return text;
}

/** Of values, which never change here and are compared again and again. */
const texts = new WeakMap<object, string>();

function sorted(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return mapParts(json, sorted);
  // As pairs, for objects put fields whose names are numbers first.
  const names = Object.keys(json).sort();
  return ['fields', ...names.map((name) => [name, sorted((json as Record<string, unknown>)[name])])];
}

function mapParts(value: unknown, map: (part: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, map(part)]));
}
