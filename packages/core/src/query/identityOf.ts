import { encodeCanonical } from '../canonical/encodeCanonical.js';

/** A text for a field, equal for two fields iff `eq` holds between them; a missing field and null have texts of their own. */
export function identityOf(field: unknown): string {
  switch (typeof field) {
    case 'undefined':
      return 'missing';
    case 'string':
      return `"${field}`;
    case 'number':
      // Beyond 2^53 a number's text is rounded, and a bigint's is not.
      return Number.isInteger(field) && !Number.isSafeInteger(field)
        ? BigInt(field).toString()
        : String(field);
    case 'bigint':
    case 'boolean':
      return String(field);
    default:
      return field === null ? 'null' : `#${textOf(encodeCanonical(field))}`;
  }
}

/** The same for several fields. */
export function identityOfAll(fields: readonly unknown[]): string {
  const [first] = fields;
  if (fields.length === 1) return identityOf(first);
  // Lengths in front, so that no two lists can be taken for each other.
  return fields.map(identityOf).reduce((text, part) => `${text}${part.length}:${part}`, '');
}

function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
