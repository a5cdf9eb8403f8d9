import type { PredicateNode } from '@topgun/core';
import { fieldAt, namesOf, typeOf } from '@topgun/sim/internal/oracle/values';
import { type Claims, patternOf } from '@topgun/sim/internal/oracle/verdict';
import { Inexpressible } from './Inexpressible.js';
import { jsonbLiteral, numberLiteral, textLiteral } from './literals.js';

type Leaf = Exclude<PredicateNode, { readonly op: 'and' | 'or' | 'not' }>;

/**
 * A predicate as a boolean of SQL over the JSON in `value`. SQL's own three values are ours: what hangs on a missing claim is NULL, and
 * AND, OR and NOT hand it on by the same table (Q-6); every other leaf is true or false.
 */
export function predicateSql(node: PredicateNode, value: string, claims: Claims): string {
  switch (node.op) {
    case 'and':
      return joined(
        node.children.map((child) => predicateSql(child, value, claims)),
        'and',
        'true',
      );
    case 'or':
      return joined(
        node.children.map((child) => predicateSql(child, value, claims)),
        'or',
        'false',
      );
    case 'not':
      return `(not ${predicateSql(node.child, value, claims)})`;
    default:
      return leafSql(node, pathSql(value, node.path), claims);
  }
}

const joined = (parts: readonly string[], word: string, none: string): string =>
  parts.length === 0 ? none : `(${parts.join(` ${word} `)})`;

const UNKNOWN = 'null::boolean';

function leafSql(node: Leaf, x: string, claims: Claims): string {
  switch (node.op) {
    case 'eq':
      return withClaim(node.value, claims, (value) => same(x, value));
    case 'neq':
      return withClaim(node.value, claims, (value) => `(not ${same(x, value)})`);
    case 'gt':
      return withClaim(node.value, claims, (value) => compared(x, '>', value));
    case 'gte':
      return withClaim(node.value, claims, (value) => compared(x, '>=', value));
    case 'lt':
      return withClaim(node.value, claims, (value) => compared(x, '<', value));
    case 'lte':
      return withClaim(node.value, claims, (value) => compared(x, '<=', value));
    case 'between':
      return withClaim(node.from, claims, (from) =>
        withClaim(node.to, claims, (to) => `(${compared(x, '>=', from)} and ${compared(x, '<=', to)})`),
      );
    case 'in':
      return withList(node.values, claims, (values) =>
        joined(
          values.map((value) => same(x, value)),
          'or',
          'false',
        ),
      );
    case 'contains':
      return withClaim(node.value, claims, (value) => holds(x, value));
    case 'containsAny':
      return withList(node.values, claims, (values) =>
        joined(
          values.map((value) => holds(x, value)),
          'or',
          'false',
        ),
      );
    case 'containsAll':
      return withList(node.values, claims, (values) => {
        const isHolder = `coalesce(jsonb_typeof(${x}) in ('string', 'array'), false)`;
        return joined([isHolder, ...values.map((value) => holds(x, value))], 'and', 'true');
      });
    case 'like':
      // Under this collation ILIKE folds the letters of ASCII alone; cases with others are not for SQL.
      return `coalesce(tg_text(${x}) collate "C" ilike ${textLiteral(likePattern(node.pattern))}, false)`;
    case 'regex': {
      // What is drawn means the same in PostgreSQL, where expressions are told their flags inside; texts have no line ends.
      const flags = node.flags?.includes('i') ? '(?i)' : '';
      return `coalesce(tg_text(${x}) collate "C" ~ ${textLiteral(flags + node.pattern)}, false)`;
    }
    case 'match':
      throw new Inexpressible('SQL has no words as ours');
    case 'exists':
      return `(${x} is not null)`;
  }
}

function withClaim(operand: unknown, claims: Claims, make: (value: unknown) => string): string {
  const value = claimed(operand, claims);
  return value === undefined ? UNKNOWN : make(value);
}

function withList(operand: unknown, claims: Claims, make: (values: readonly unknown[]) => string): string {
  const list = claimed(operand, claims);
  if (list === undefined) return UNKNOWN;
  if (!Array.isArray(list)) return 'false';
  const values = operand === list ? list.map((item) => claimed(item, claims)) : list;
  return values.includes(undefined) ? UNKNOWN : make(values);
}

function claimed(operand: unknown, claims: Claims): unknown {
  if (typeOf(operand) !== 'object') return operand;
  const { $auth, ...others } = operand as Readonly<Record<string, unknown>>;
  return typeof $auth === 'string' && Object.keys(others).length === 0 ? fieldAt(claims, $auth) : operand;
}

/** What stands at a path of a JSON value; NULL when it is missing. */
export function pathSql(value: string, path: string): string {
  const names = namesOf(path);
  if (names.length === 0) return value;
  if (names.some((name) => /^\s*[-+]?\d+$/.test(name) && !/^(0|[1-9]\d*)$/.test(name)))
    throw new Inexpressible('PostgreSQL takes "01" and "-1" for places in a list');
  return `(${value} #> array[${names.map(textLiteral).join(', ')}]::text[])`;
}

function same(x: string, value: unknown): string {
  return isNumeric(value)
    ? `coalesce(tg_num(${x}) = ${numberLiteral(value)}, false)`
    : `coalesce(${x} = ${jsonbLiteral(value)}, false)`;
}

function compared(x: string, sign: '<' | '<=' | '>' | '>=', value: unknown): string {
  const type = typeOf(value);
  switch (type) {
    case 'null':
      return sign.length === 2 ? same(x, null) : 'false';
    case 'boolean':
      return `coalesce(tg_bool(${x}) ${sign} ${String(value)}, false)`;
    case 'number':
      return `coalesce(tg_num(${x}) ${sign} ${numberLiteral(value as number)}, false)`;
    case 'string':
      return `coalesce(tg_text(${x}) collate "C" ${sign} ${textLiteral(value as string)}, false)`;
    case 'date':
      return `coalesce(tg_date(${x}) ${sign} ${(value as Date).getTime()}, false)`;
    case 'bytes':
      return `coalesce(tg_bytes(${x}) ${sign} '\\x${Buffer.from(value as Uint8Array).toString('hex')}'::bytea, false)`;
    default:
      throw new Inexpressible(`SQL orders no ${type} as we do`);
  }
}

function holds(x: string, value: unknown): string {
  const inList = `exists (select from jsonb_array_elements(${x}) item where ${same('item', value)})`;
  const inText = typeof value === 'string' ? `strpos(tg_text(${x}), ${textLiteral(value)}) > 0` : 'false';
  return `(case jsonb_typeof(${x}) when 'array' then ${inList} when 'string' then ${inText} else false end)`;
}

/** The same pattern with every unit that is no wildcard taken as it is. */
function likePattern(pattern: string): string {
  return patternOf(pattern)
    .map((piece) =>
      typeof piece === 'string' ? piece : /[%_\\]/.test(piece.unit) ? `\\${piece.unit}` : piece.unit,
    )
    .join('');
}

const isNumeric = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';
