import { tag } from '@topgun/sim/internal/oracle/taggedJson';
import { Inexpressible } from './Inexpressible.js';

export function textLiteral(text: string): string {
  if (text.includes('\0')) throw new Inexpressible('PostgreSQL has no text with U+0000');
  return `'${text.replaceAll("'", "''")}'`;
}

/** Numbers in full: JSON.stringify rounds those above 2^53 in decimal, and PostgreSQL would keep that. */
export function numberLiteral(value: number | bigint): string {
  return Number.isInteger(value) ? String(BigInt(value as number)) : String(value);
}

/** A value as the table holds it. */
export function jsonbLiteral(value: unknown): string {
  return `${textLiteral(json(tag(value)))}::jsonb`;
}

function json(tagged: unknown): string {
  if (typeof tagged === 'number') return numberLiteral(tagged);
  if (Array.isArray(tagged)) return `[${tagged.map(json).join(',')}]`;
  if (typeof tagged !== 'object' || tagged === null) {
    const text = JSON.stringify(tagged);
    if (text.includes('\\u0000')) throw new Inexpressible('PostgreSQL has no text with U+0000');
    return text;
  }
  const fields = Object.entries(tagged).map(([name, value]) => `${json(name)}:${json(value)}`);
  return `{${fields.join(',')}}`;
}
