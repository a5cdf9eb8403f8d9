import { compareNumbers, compareValues, rankOf } from '../../value/compareValues.js';
import { isAuthRef, type PredicateNode } from '../PredicateNode.js';

/** Bounds of one type, both counted in; undefined = as far as the type goes. */
export interface Range {
  /** see `rankOf` */
  readonly rank: number;
  readonly from: unknown;
  readonly to: unknown;
}

/**
 * What a field must be like for a predicate to have a chance: equal to a value, an array that holds an item (or a text),
 * or within a range.
 */
export type Anchor =
  | { readonly kind: 'equal' | 'item'; readonly path: string; readonly value: unknown }
  | { readonly kind: 'range'; readonly path: string; readonly range: Range };

/** How many values an anchor is thought to meet; only the order counts. */
export type AnchorCost = (anchor: Anchor) => number;

/**
 * The anchors of a predicate: a value that has none of them does not meet it. Undefined when there are none to be named,
 * so that every value has to be looked at.
 *
 * Of an `and` one child's anchors are enough, and those that cost least are taken; of an `or` those of all children are needed.
 * The value itself (path '') is no anchor, because a mask shows less of it than there is.
 */
export function anchorsOf(node: PredicateNode, cost: AnchorCost): readonly Anchor[] | undefined {
  switch (node.op) {
    case 'eq':
      return single('equal', node.path, node.value);
    case 'contains':
      return single('item', node.path, node.value);
    case 'in':
      return each('equal', node.path, node.values);
    case 'containsAny':
      return each('item', node.path, node.values);
    case 'containsAll':
      // Any one of them will do; an empty list holds for all.
      return each('item', node.path, isAuthRef(node.values) ? node.values : node.values.slice(0, 1), true);
    case 'gt':
    case 'gte':
      return ranged(node.path, node.value, undefined);
    case 'lt':
    case 'lte':
      return ranged(node.path, undefined, node.value);
    case 'between':
      return ranged(node.path, node.from, node.to);
    case 'and':
      return mostTelling(node.children, cost);
    case 'or':
      return ofAll(node.children, cost);
    default:
      return undefined;
  }
}

function single(kind: 'equal' | 'item', path: string, value: unknown): readonly Anchor[] | undefined {
  return path === '' || isAuthRef(value) ? undefined : [{ kind, path, value }];
}

function each(
  kind: 'equal' | 'item',
  path: string,
  values: unknown,
  isEmptyAll = false,
): readonly Anchor[] | undefined {
  if (path === '' || !Array.isArray(values) || values.some(isAuthRef)) return undefined;
  if (values.length === 0 && isEmptyAll) return undefined;
  return values.map((value: unknown) => ({ kind, path, value }));
}

function ranged(path: string, from: unknown, to: unknown): readonly Anchor[] | undefined {
  if (path === '' || isAuthRef(from) || isAuthRef(to)) return undefined;
  const rank = rankOf(from === undefined ? to : from);
  // Bounds of two types hold for nothing.
  if (from !== undefined && to !== undefined && rankOf(to) !== rank) return [];
  return [{ kind: 'range', path, range: { rank, from, to } }];
}

function mostTelling(children: readonly PredicateNode[], cost: AnchorCost): readonly Anchor[] | undefined {
  const costOf = (anchors: readonly Anchor[]): number =>
    anchors.reduce((sum, anchor) => sum + cost(anchor), 0);
  let best: readonly Anchor[] | undefined;
  for (const child of children) {
    const anchors = anchorsOf(child, cost);
    if (anchors === undefined) continue;
    const both = best === undefined ? undefined : narrowed(best, anchors);
    if (best === undefined || both !== undefined || costOf(anchors) < costOf(best)) best = both ?? anchors;
  }
  return best;
}

/** Two ranges of the same field as one, the usual way to write an interval. */
function narrowed(a: readonly Anchor[], b: readonly Anchor[]): readonly Anchor[] | undefined {
  const [one] = a;
  const [two] = b;
  if (a.length !== 1 || b.length !== 1 || one?.kind !== 'range' || two?.kind !== 'range') return undefined;
  if (one.path !== two.path) return undefined;
  if (one.range.rank !== two.range.rank) return [];
  const { rank } = one.range;
  const from = inner(rank, one.range.from, two.range.from, 1);
  const to = inner(rank, one.range.to, two.range.to, -1);
  return [{ kind: 'range', path: one.path, range: { rank, from, to } }];
}

function inner(rank: number, a: unknown, b: unknown, sign: 1 | -1): unknown {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return compareWithin(rank, a, b) * sign >= 0 ? a : b;
}

function ofAll(children: readonly PredicateNode[], cost: AnchorCost): readonly Anchor[] | undefined {
  const all: Anchor[] = [];
  for (const child of children) {
    const anchors = anchorsOf(child, cost);
    if (anchors === undefined) return undefined;
    all.push(...anchors);
  }
  return all;
}

const RANK_NUMBER = rankOf(0);

/** Orders two values of one rank as the operators do: a number and a bigint of one magnitude are level. */
export function compareWithin(rank: number, a: unknown, b: unknown): number {
  return rank === RANK_NUMBER ? compareNumbers(a as number, b as bigint) : compareValues(a, b);
}
