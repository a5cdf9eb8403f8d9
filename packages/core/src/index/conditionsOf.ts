import { isAuthRef, type LeafNode, type PredicateNode } from '../query/PredicateNode.js';
import { compareWithin } from '../query/standing/anchorsOf.js';
import { rankOf } from '../value/compareValues.js';
import type { Bound, Interval } from './OrderedIndex.js';

/** What an `and` demands of one path, each undefined where it demands nothing of the kind. */
export interface PathConditions {
  /** The field equals one of them. */
  values?: Points;
  /** Of each list the field, an array or a text, contains one. */
  items?: Points[];
  /** The field lies in the interval; `nodes` are the conjuncts that it was made from. */
  interval?: { readonly is: Interval; readonly nodes: readonly PredicateNode[] };
}

/** Operands, and the conjunct they come from. */
export interface Points {
  readonly operands: readonly unknown[];
  readonly node: PredicateNode;
}

/** An `or` among the conjuncts. */
export interface Alternatives {
  readonly node: PredicateNode;
  readonly children: readonly PredicateNode[];
}

/** What a predicate demands, as far as indexes can help with it. */
export interface Conditions {
  readonly byPath: ReadonlyMap<string, PathConditions>;
  /** Each `or`, and what it has to choose from. */
  readonly alternatives: readonly Alternatives[];
  /** All parts that must hold. */
  readonly conjuncts: readonly PredicateNode[];
  /** No row can meet it, because one conjunct contradicts another or itself. */
  readonly isNever: boolean;
}

/** The types from null on: whatever is there. */
const PRESENT: Interval = { ranks: [1, Number.MAX_SAFE_INTEGER] };
const MISSING: Interval = { ranks: [0, 0] };

/** More lists of `containsAll` are not looked at; each costs the planner a count. */
const ITEM_LISTS_MAX = 8;

/**
 * What a predicate demands of each path. Operands that are claims demand nothing here.
 *
 * Under a view fields may be missing that are there in the row (`isMasked`). Then only what holds for no missing field is
 * taken, and nothing on the value itself (path ''), of which less is shown than there is.
 */
export function conditionsOf(where: PredicateNode | undefined, isMasked: boolean): Conditions {
  const conjuncts = where === undefined ? [] : conjunctsOf(where);
  const byPath = new Map<string, PathConditions>();
  const alternatives: Alternatives[] = [];
  let isNever = false;
  for (const node of conjuncts) {
    let mayHold = true;
    switch (node.op) {
      case 'and':
      case 'or':
        // An `and` is no conjunct, its children are.
        mayHold = node.children.length > 0;
        alternatives.push({ node, children: node.children });
        break;
      case 'not':
        if (node.child.op === 'exists' && !isMasked) mayHold = within(byPath, node.child.path, MISSING, node);
        break;
      default:
        if (!isMasked || node.path !== '') mayHold = take(byPath, node);
    }
    isNever ||= !mayHold;
  }
  return { byPath, alternatives, conjuncts, isNever };
}

function conjunctsOf(node: PredicateNode): PredicateNode[] {
  return node.op === 'and' ? node.children.flatMap(conjunctsOf) : [node];
}

/** Takes a leaf in; false when nothing can meet it. */
function take(byPath: Map<string, PathConditions>, node: LeafNode): boolean {
  const { path } = node;
  switch (node.op) {
    case 'eq':
      return isAuthRef(node.value) || equals(byPath, path, [node.value], node);
    case 'in':
      return !isPlainList(node.values) || equals(byPath, path, node.values, node);
    case 'contains':
      return isAuthRef(node.value) || holds(byPath, path, [node.value], node);
    case 'containsAny':
      return !isPlainList(node.values) || holds(byPath, path, node.values, node);
    case 'containsAll':
      return !isPlainList(node.values) || node.values.every((value) => holds(byPath, path, [value], node));
    case 'gt':
    case 'gte':
      return (
        isAuthRef(node.value) ||
        ranged(byPath, node, { value: node.value, isIn: node.op === 'gte' }, undefined)
      );
    case 'lt':
    case 'lte':
      return (
        isAuthRef(node.value) ||
        ranged(byPath, node, undefined, { value: node.value, isIn: node.op === 'lte' })
      );
    case 'between':
      if (isAuthRef(node.from) || isAuthRef(node.to)) return true;
      return ranged(byPath, node, { value: node.from, isIn: true }, { value: node.to, isIn: true });
    case 'exists':
      return within(byPath, path, PRESENT, node);
    default:
      return true;
  }
}

function isPlainList(values: unknown): values is readonly unknown[] {
  return Array.isArray(values) && !values.some(isAuthRef);
}

function at(byPath: Map<string, PathConditions>, path: string): PathConditions {
  const found = byPath.get(path) ?? {};
  byPath.set(path, found);
  return found;
}

function equals(
  byPath: Map<string, PathConditions>,
  path: string,
  operands: readonly unknown[],
  node: LeafNode,
): boolean {
  const conditions = at(byPath, path);
  if (conditions.values === undefined || operands.length < conditions.values.operands.length)
    conditions.values = { operands, node };
  return operands.length > 0;
}

function holds(
  byPath: Map<string, PathConditions>,
  path: string,
  operands: readonly unknown[],
  node: LeafNode,
): boolean {
  const conditions = at(byPath, path);
  conditions.items ??= [];
  if (conditions.items.length < ITEM_LISTS_MAX) conditions.items.push({ operands, node });
  return operands.length > 0;
}

function ranged(
  byPath: Map<string, PathConditions>,
  node: LeafNode,
  from: Bound | undefined,
  to: Bound | undefined,
): boolean {
  const rank = rankOf((from ?? to)?.value);
  // Bounds of two types hold for nothing.
  if (from !== undefined && to !== undefined && rankOf(to.value) !== rank) return false;
  return within(byPath, node.path, { ranks: [rank, rank], from, to }, node);
}

function within(
  byPath: Map<string, PathConditions>,
  path: string,
  interval: Interval,
  node: PredicateNode,
): boolean {
  const conditions = at(byPath, path);
  const known = conditions.interval;
  const is = known === undefined ? interval : meet(known.is, interval);
  if (is === undefined) return false;
  conditions.interval = { is, nodes: [...(known?.nodes ?? []), node] };
  return true;
}

/** What two intervals have in common; undefined when they have no type in common. */
function meet(a: Interval, b: Interval): Interval | undefined {
  const first = Math.max(a.ranks[0], b.ranks[0]);
  const last = Math.min(a.ranks[1], b.ranks[1]);
  if (first > last) return undefined;
  return { ranks: [first, last], from: inner(first, a.from, b.from, 1), to: inner(first, a.to, b.to, -1) };
}

function inner(rank: number, a: Bound | undefined, b: Bound | undefined, sign: 1 | -1): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order = compareWithin(rank, a.value, b.value) * sign;
  if (order === 0) return a.isIn ? b : a;
  return order > 0 ? a : b;
}
