import type { AuthRef, PredicateNode } from './PredicateNode.js';

/** Builders of predicates. */
export const Predicates = {
  equal: (path: string, value: unknown): PredicateNode => ({ op: 'eq', path, value }),
  notEqual: (path: string, value: unknown): PredicateNode => ({ op: 'neq', path, value }),
  greaterThan: (path: string, value: unknown): PredicateNode => ({ op: 'gt', path, value }),
  greaterThanOrEqual: (path: string, value: unknown): PredicateNode => ({ op: 'gte', path, value }),
  lessThan: (path: string, value: unknown): PredicateNode => ({ op: 'lt', path, value }),
  lessThanOrEqual: (path: string, value: unknown): PredicateNode => ({ op: 'lte', path, value }),
  /** The field equals one of the values. */
  in: (path: string, values: readonly unknown[] | AuthRef): PredicateNode => ({ op: 'in', path, values }),
  /** The field lies between the two values or equals one of them. */
  between: (path: string, from: unknown, to: unknown): PredicateNode => ({ op: 'between', path, from, to }),
  /** The whole text matches: `%` any run, `_` any one character, `\` before a character takes it as it is. */
  like: (path: string, pattern: string): PredicateNode => ({ op: 'like', path, pattern }),
  /** The expression, of RE2's syntax, is found in the text. Flags: `i`, `m`, `s`. Needs a `RegexEngine`. */
  regex: (path: string, pattern: string, flags?: string): PredicateNode =>
    flags === undefined ? { op: 'regex', path, pattern } : { op: 'regex', path, pattern, flags },
  /** Every word of `text` is a word of the field; with `prefix` its last word may be the beginning of one. */
  match: (path: string, text: string, prefix?: boolean): PredicateNode =>
    prefix === undefined ? { op: 'match', path, text } : { op: 'match', path, text, prefix },
  /** The array has an equal item, or the text contains the text. */
  contains: (path: string, value: unknown): PredicateNode => ({ op: 'contains', path, value }),
  containsAll: (path: string, values: readonly unknown[] | AuthRef): PredicateNode => ({
    op: 'containsAll',
    path,
    values,
  }),
  containsAny: (path: string, values: readonly unknown[] | AuthRef): PredicateNode => ({
    op: 'containsAny',
    path,
    values,
  }),
  /** The field is there, be it null. */
  exists: (path: string): PredicateNode => ({ op: 'exists', path }),
  and: (...children: readonly PredicateNode[]): PredicateNode => ({ op: 'and', children }),
  or: (...children: readonly PredicateNode[]): PredicateNode => ({ op: 'or', children }),
  not: (child: PredicateNode): PredicateNode => ({ op: 'not', child }),
} as const;
