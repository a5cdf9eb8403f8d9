import type { PredicateNode } from '@topgun/core';
import { fieldAt, isSame, orderWithin, typeOf } from './values.js';
import { hasWords } from './words.js';

/** What a predicate says of a value; `unknown` where it hangs on a claim that is missing. */
export type Answer = boolean | 'unknown';

export type Claims = Readonly<Record<string, unknown>>;

/**
 * The meaning of a predicate, read off docs/specs/query.md as slowly and plainly as can be, and apart from the evaluator that ships: it
 * shares no line with it.
 */
export function verdict(node: PredicateNode, value: unknown, claims: Claims): Answer {
  switch (node.op) {
    case 'and': {
      const answers = node.children.map((child) => verdict(child, value, claims));
      return answers.includes(false) ? false : answers.includes('unknown') ? 'unknown' : true;
    }
    case 'or': {
      const answers = node.children.map((child) => verdict(child, value, claims));
      return answers.includes(true) ? true : answers.includes('unknown') ? 'unknown' : false;
    }
    case 'not': {
      const answer = verdict(node.child, value, claims);
      return answer === 'unknown' ? 'unknown' : !answer;
    }
    default:
      return leaf(node, fieldAt(value, node.path), claims);
  }
}

type Leaf = Exclude<PredicateNode, { readonly op: 'and' | 'or' | 'not' }>;

function leaf(node: Leaf, field: unknown, claims: Claims): Answer {
  if (node.op === 'match') return hasWords(field, node.text, node.prefix === true);
  const operands = operandsOf(node, claims);
  if (operands === 'unknown') return 'unknown';
  const [first, second] = operands;
  const side = orderWithin(field, first);
  switch (node.op) {
    case 'eq':
      return isSame(field, first);
    case 'neq':
      return !isSame(field, first);
    case 'gt':
      return side !== undefined && side > 0;
    case 'gte':
      return side !== undefined && side >= 0;
    case 'lt':
      return side !== undefined && side < 0;
    case 'lte':
      return side !== undefined && side <= 0;
    case 'between': {
      const end = orderWithin(field, second);
      return side !== undefined && side >= 0 && end !== undefined && end <= 0;
    }
    case 'in':
      return listed(first).some((item) => isSame(field, item));
    case 'contains':
      return holds(field, first);
    case 'containsAll':
      return (
        Array.isArray(first) &&
        (typeOf(field) === 'array' || typeOf(field) === 'string') &&
        first.every((item) => holds(field, item))
      );
    case 'containsAny':
      return listed(first).some((item) => holds(field, item));
    case 'like':
      return typeof field === 'string' && isLike(patternOf(first as string), field);
    case 'regex':
      return typeof field === 'string' && new RegExp(node.pattern, `${node.flags ?? ''}u`).test(field);
    case 'exists':
      return field !== undefined;
  }
}

function operandsOf(node: Leaf, claims: Claims): unknown[] | 'unknown' {
  const { op: _, path: __, ...rest } = node;
  // `from` comes before `to`, by name and by meaning.
  const operands = Object.entries(rest)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, operand]) =>
      name === 'values' && Array.isArray(operand)
        ? whole(operand.map((item) => claimed(item, claims)))
        : claimed(operand, claims),
    );
  return operands.includes(undefined) ? 'unknown' : operands;
}

const whole = (items: unknown[]): unknown[] | undefined => (items.includes(undefined) ? undefined : items);

function claimed(operand: unknown, claims: Claims): unknown {
  if (typeOf(operand) !== 'object') return operand;
  const [[name, path] = ['', ''], ...others] = Object.entries(operand as object);
  return name === '$auth' && others.length === 0 ? fieldAt(claims, path as string) : operand;
}

/** A claim that is no list matches nothing. */
const listed = (operand: unknown): readonly unknown[] => (Array.isArray(operand) ? operand : []);

/** An array holds an item, a text a piece of text. */
function holds(field: unknown, part: unknown): boolean {
  if (typeof field === 'string') return typeof part === 'string' && field.indexOf(part) >= 0;
  return Array.isArray(field) && field.some((item) => isSame(item, part));
}

/** A pattern unit by unit: any run, any one unit, or this very unit. */
export type Piece = '%' | '_' | { readonly unit: string };

export function patternOf(pattern: string): Piece[] {
  return [...pattern.matchAll(/\\[\s\S]|[\s\S]/g)].map(([piece]) => {
    if (piece === '%' || piece === '_') return piece;
    return { unit: piece.length > 1 ? piece.slice(1) : piece };
  });
}

/** Whether a pattern matches the whole of a text: which beginnings of the text each beginning of the pattern matches. */
function isLike(pattern: readonly Piece[], text: string): boolean {
  let reached = new Set([0]);
  for (const piece of pattern) {
    const next = new Set<number>();
    for (const at of reached) {
      if (piece === '%') for (let end = at; end <= text.length; end++) next.add(end);
      else if (at < text.length && (piece === '_' || folded(piece.unit) === folded(text.charAt(at))))
        next.add(at + 1);
    }
    reached = next;
  }
  return reached.has(text.length);
}

/** Upper and lower case are the same, unit by unit; what becomes several units in lower case stays. */
export function folded(unit: string): string {
  const lower = unit.toLowerCase();
  return lower.length === 1 ? lower : unit;
}
