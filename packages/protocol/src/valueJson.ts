/**
 * Stored values as JSON that gives them back exactly (DAT-4): what JSON has no word for is an object of one field,
 * `{"$bigint":"7"}`, `{"$date":"2026-11-21T12:00:00.000Z"}` or `{"$bytes":"00ff"}`. A stored object that has one field and
 * that begins with `$` is `{"$plain":{…}}`, so that it is not taken for one of these.
 */
export function valueToJson(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: hexOf(value) };
  if (Array.isArray(value)) return value.map(valueToJson);
  const fields = fieldsOf(value, valueToJson);
  return isMark(Object.keys(value)) ? { $plain: fields } : fields;
}

/** The value that `valueToJson` wrote. Throws SyntaxError and RangeError where a mark does not hold what it says. */
export function valueFromJson(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(valueFromJson);
  const names = Object.keys(json);
  if (!isMark(names)) return fieldsOf(json, valueFromJson);
  const [[name, held]] = Object.entries(json) as [[string, unknown]];
  if (name === '$plain' && typeof held === 'object' && held !== null) return fieldsOf(held, valueFromJson);
  if (typeof held !== 'string') throw new SyntaxError(`${name} does not hold a text`);
  switch (name) {
    case '$bigint':
      return BigInt(held);
    case '$date':
      return dateIn(held);
    case '$bytes':
      return bytesIn(held);
    default:
      throw new SyntaxError(`${name} is no mark`);
  }
}

/**
 * A where-clause or predicate as JSON: dates, bigints and bytes in it are marked as in values. Objects are not, for operators are
 * written like marks: `{ due: { $lt: { $date: '2026-11-21T12:00:00.000Z' } } }`.
 */
export function queryToJson(query: unknown): unknown {
  if (Array.isArray(query)) return query.map(queryToJson);
  const isScalar = typeof query !== 'object' || query === null;
  if (isScalar || query instanceof Date || query instanceof Uint8Array) return valueToJson(query);
  return fieldsOf(query, queryToJson);
}

/** What `queryToJson` wrote. Throws SyntaxError and RangeError where a mark does not hold what it says. */
export function queryFromJson(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(queryFromJson);
  const [name = '', ...others] = Object.keys(json);
  return SCALARS.has(name) && others.length === 0 ? valueFromJson(json) : fieldsOf(json, queryFromJson);
}

const SCALARS: ReadonlySet<string> = new Set(['$bigint', '$date', '$bytes']);

const isMark = (names: readonly string[]): boolean =>
  names.length === 1 && names[0]?.startsWith('$') === true;

function dateIn(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new RangeError('$date does not hold a date');
  return date;
}

function fieldsOf(value: object, map: (part: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, map(part)]));
}

const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function bytesIn(hex: string): Uint8Array {
  if (!/^([\da-f]{2})*$/i.test(hex)) throw new SyntaxError('$bytes does not hold bytes');
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16),
  );
}
