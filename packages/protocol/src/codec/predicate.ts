/**
 * Shape and size of a predicate on the wire. What it means, and whether it makes sense, is core's to say
 * (PREDICATE_INVALID).
 */
import type { PredicateNode } from '@topgun/core';
import { LIMITS } from '../limits.js';
import { isText } from './scalars.js';

type Operand = 'path' | 'value' | 'values' | 'from' | 'to' | 'pattern' | 'children' | 'child';

/** The fields each operator has beside `op`: exactly these. */
export const predicateOperands: ReadonlyMap<string, readonly Operand[]> = new Map<string, readonly Operand[]>([
  ['eq', ['path', 'value']],
  ['neq', ['path', 'value']],
  ['gt', ['path', 'value']],
  ['gte', ['path', 'value']],
  ['lt', ['path', 'value']],
  ['lte', ['path', 'value']],
  ['in', ['path', 'values']],
  ['between', ['path', 'from', 'to']],
  ['like', ['path', 'pattern']],
  ['contains', ['path', 'value']],
  ['containsAll', ['path', 'values']],
  ['containsAny', ['path', 'values']],
  ['exists', ['path']],
  ['and', ['children']],
  ['or', ['children']],
  ['not', ['child']],
]);

/** True for a well-formed predicate of at most `predicateDepth` levels and `predicateNodes` nodes. */
export function isPredicate(value: unknown): value is PredicateNode {
  return nodesIn(value, 1) <= LIMITS.predicateNodes;
}

/** Nodes of the tree; Infinity when it is malformed or too deep. */
function nodesIn(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null || depth > LIMITS.predicateDepth) return Number.POSITIVE_INFINITY;
  const node = value as Readonly<Record<string, unknown>>;
  const operands = typeof node['op'] === 'string' ? predicateOperands.get(node['op']) : undefined;
  if (operands === undefined || Object.keys(node).length !== operands.length + 1) return Number.POSITIVE_INFINITY;
  let nodes = 1;
  for (const operand of operands) {
    if (!Object.hasOwn(node, operand)) return Number.POSITIVE_INFINITY;
    const given = node[operand];
    if (operand === 'child') nodes += nodesIn(given, depth + 1);
    else if (operand === 'children') nodes += childrenNodes(given, depth + 1);
    else if (!isOperand(operand, given)) return Number.POSITIVE_INFINITY;
    if (nodes > LIMITS.predicateNodes) return Number.POSITIVE_INFINITY;
  }
  return nodes;
}

function childrenNodes(value: unknown, depth: number): number {
  if (!Array.isArray(value) || value.length > LIMITS.predicateNodes) return Number.POSITIVE_INFINITY;
  let nodes = 0;
  for (const child of value) {
    nodes += nodesIn(child, depth);
    if (nodes > LIMITS.predicateNodes) return Number.POSITIVE_INFINITY;
  }
  return nodes;
}

function isOperand(operand: Operand, value: unknown): boolean {
  switch (operand) {
    case 'path':
      return isText(value, LIMITS.predicatePathChars);
    case 'pattern':
      return typeof value === 'string' && value.length <= LIMITS.patternChars;
    case 'values':
      return Array.isArray(value) && value.length <= LIMITS.predicateValues;
    default:
      return value !== undefined;
  }
}
