import type { PredicateNode } from '../query/PredicateNode.js';

/** The part of all rows that meets a conjunct, where an index has counted it. */
export type Counted = ReadonlyMap<PredicateNode, number>;

/**
 * What part of the rows is expected to meet a predicate, between 0 and 1: counted where an index knows, otherwise a guess
 * by the operator. It decides between plans, never on rows.
 */
function selectivityOf(node: PredicateNode, counted: Counted): number {
  const known = counted.get(node);
  if (known !== undefined) return known;
  switch (node.op) {
    case 'and':
      return node.children.reduce((product, child) => product * selectivityOf(child, counted), 1);
    case 'or':
      return Math.min(
        1,
        node.children.reduce((sum, child) => sum + selectivityOf(child, counted), 0),
      );
    case 'not':
      return Math.max(0.1, 1 - selectivityOf(node.child, counted));
    case 'in':
      return Array.isArray(node.values) ? Math.min(0.5, 0.1 * node.values.length) : 0.2;
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return 0.33;
    case 'between':
      return 0.2;
    case 'neq':
    case 'exists':
      return 0.9;
    default:
      return 0.1;
  }
}

/** The same for conjuncts that must all hold. */
export function selectivityOfAll(nodes: readonly PredicateNode[], counted: Counted): number {
  return nodes.reduce((product, node) => product * selectivityOf(node, counted), 1);
}
