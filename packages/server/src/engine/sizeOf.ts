import type { Row } from './Row.js';

/** What a row costs in a frame beside its value, key and tag: numbers and headers, at most. */
const ROW_BYTES = 56;

/** An upper bound of the bytes that a value takes on the wire, for filling frames. UTF-8 needs at most 3 per unit. */
export function bytesOfValue(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return 5 + value.length * 3;
    case 'number':
    case 'bigint':
      return 9;
    case 'object':
      return value === null ? 1 : bytesOfObject(value);
    default:
      return 1;
  }
}

/** An upper bound of the bytes that a row takes on the wire with this value. */
export function bytesOfRow(row: Row, value: unknown): number {
  return ROW_BYTES + (row.item.length + row.node.length) * 3 + bytesOfValue(value);
}

function bytesOfObject(value: object): number {
  if (value instanceof Uint8Array) return 5 + value.length;
  if (value instanceof Date) return 15;
  let bytes = 5;
  if (Array.isArray(value)) {
    for (const item of value) bytes += bytesOfValue(item);
    return bytes;
  }
  for (const [name, field] of Object.entries(value)) bytes += 5 + name.length * 3 + bytesOfValue(field);
  return bytes;
}
