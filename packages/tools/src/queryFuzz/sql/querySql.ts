import type { Policy } from '@topgun/server/engine';
import { exactText } from '@topgun/sim/internal/oracle/taggedJson';
import { fieldAt, typeOf } from '@topgun/sim/internal/oracle/values';
import { folded, patternOf } from '@topgun/sim/internal/oracle/verdict';
import type { Case, Row, Who } from '../Case.js';
import { claimsOf, readRules } from '../oracle/answer.js';
import { Inexpressible } from './Inexpressible.js';
import { jsonbLiteral, textLiteral } from './literals.js';
import { pathSql, predicateSql } from './predicateSql.js';

/** A case as one question to PostgreSQL. */
export interface SqlQuery {
  readonly text: string;
  /** False where SQL has no order as ours, or begins at a position: then all rows that match are asked for, in the order of keys and without limit. */
  readonly isOrdered: boolean;
}

/**
 * The SELECT of a query on these rows as `who` sees them: policies, mask, predicate, order and limit, all in SQL. Throws
 * `Inexpressible` where SQL means something else.
 */
export function querySql(one: Case, who: Who, rows: readonly Row[]): SqlQuery {
  assertTextsAgree(one, rows);
  const { where, sort = [], limit, after, before } = one.query;
  const isPage = after !== undefined || before !== undefined;
  const isOrdered =
    !isPage && sort.every(([path]) => rows.every(([, value]) => isSortable(fieldAt(value, path))));
  const source =
    rows.length === 0
      ? 'select null::text, null::jsonb limit 0'
      : `values ${rows.map(([key, value]) => `(${textLiteral(key)}, ${jsonbLiteral(value)})`).join(', ')}`;
  const order = isOrdered ? sort.flatMap(([path, direction]) => orderSql(pathSql('v', path), direction)) : [];
  const text = [
    `select k, v from (select k, ${seenSql(one.policies, who)} as v from (${source}) stored (k, r)) seen`,
    `where v is not null and ${where === undefined ? 'true' : predicateSql(where, 'v', {})}`,
    `order by ${[...order, 'k collate "C"'].join(', ')}`,
    ...(isOrdered && limit !== undefined ? [`limit ${limit}`] : []),
  ].join(' ');
  return { text, isOrdered };
}

/** What of a row is seen (PERM-6, PERM-7); NULL when it is hidden. */
function seenSql(policies: readonly Policy[], who: Who): string {
  const rules = readRules(policies).map(({ where, fields }) => ({
    holds: where === undefined ? 'true' : `(${predicateSql(where, 'r', claimsOf(who))} is true)`,
    fields,
  }));
  const whole = rules.filter(({ fields }) => fields === undefined).map(({ holds }) => holds);
  const masked = rules.filter(({ fields }) => fields !== undefined);
  const cases = whole.length > 0 ? [`when ${whole.join(' or ')} then r`] : [];
  if (masked.length > 0) {
    const shown = masked.map(({ holds, fields = [] }) => {
      return `(${holds} and name = any(array[${fields.map(textLiteral).join(', ')}]::text[]))`;
    });
    const part = `(select jsonb_object_agg(name, part) from jsonb_each(r) field (name, part) where ${shown.join(' or ')})`;
    const any = masked.map(({ holds }) => holds).join(' or ');
    cases.push(`when tg_rank(r) = 8 and (${any}) then coalesce(${part}, '{}')`);
  }
  return cases.length === 0 ? 'null::jsonb' : `case ${cases.join(' ')} end`;
}

/** By type first, then within each type; in a tie of size numbers come before bigints. */
function orderSql(x: string, direction: 'asc' | 'desc'): string[] {
  const keys = [
    'tg_rank(?)',
    'tg_bool(?)',
    'tg_num(?)',
    'tg_big(?)',
    'tg_text(?) collate "C"',
    'tg_date(?)',
    'tg_bytes(?)',
  ];
  return keys.map((key) => `${key.replace('?', () => x)} ${direction}`);
}

const isSortable = (value: unknown): boolean => !['array', 'object'].includes(typeOf(value));

/**
 * PostgreSQL orders text by code points and folds the letters of ASCII; we order and fold code units. The two agree unless text from
 * both sides of the surrogates meets, `like` meets other letters, or its `_` meets what takes two units.
 */
function assertTextsAgree({ query, policies, who }: Case, rows: readonly Row[]): void {
  const asked = [query, policies, who];
  const text = [exactText(asked), ...rows.map(([key, value]) => `${key}${exactText(value)}`)].join('');
  const hasPairs = /[\ud800-\udfff]/.test(text);
  if (hasPairs && /[\ue000-\uffff]/.test(text))
    throw new Inexpressible('code points are ordered otherwise than units');
  const patterns = patternsIn(asked);
  const isFolding = patterns.some(({ op, flags = '' }) => op === 'like' || flags.includes('i'));
  const hasCase = (char: string): boolean =>
    char > '\x7f' && (folded(char) !== char || char.toUpperCase() !== char);
  if (isFolding && [...text].some(hasCase)) throw new Inexpressible('SQL folds the letters of ASCII alone');
  if (hasPairs && patterns.some(({ op, pattern }) => op === 'like' && patternOf(pattern).includes('_')))
    throw new Inexpressible('_ of LIKE is a code point');
}

interface PatternNode {
  readonly op: 'like' | 'regex';
  readonly pattern: string;
  readonly flags?: string;
}

function patternsIn(value: unknown): PatternNode[] {
  if (Array.isArray(value)) return value.flatMap(patternsIn);
  if (typeOf(value) !== 'object') return [];
  const { op, pattern } = value as Readonly<Record<string, unknown>>;
  const isOne = (op === 'like' || op === 'regex') && typeof pattern === 'string';
  const own = isOne ? [value as PatternNode] : [];
  return [...own, ...Object.values(value as object).flatMap(patternsIn)];
}
