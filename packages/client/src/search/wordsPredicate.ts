import type { NormalizedTextQuery, PredicateNode } from '@topgun/core';

/** What a record must meet to be found by its words, differences left aside: the part of a search that a predicate can say. */
export function wordsPredicate({ terms, paths, prefix, combine }: NormalizedTextQuery): PredicateNode {
  const children = terms.map((text, i): PredicateNode => {
    const isPrefix = prefix === 'all' || (prefix === 'last' && i === terms.length - 1);
    return anyOf(paths.map((path) => ({ op: 'match', path, text, ...(isPrefix && { prefix: true }) })));
  });
  return combine === 'all' && children.length > 1 ? { op: 'and', children } : anyOf(children);
}

const anyOf = (children: readonly PredicateNode[]): PredicateNode =>
  children.length === 1 ? (children[0] as PredicateNode) : { op: 'or', children };
