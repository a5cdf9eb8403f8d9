import type { PredicateNode } from '../query/PredicateNode.js';

/** The longest text of one operand; an explanation is read by people. */
const OPERAND_MAX = 60;

const SIGNS: Readonly<Record<string, string>> = { eq: '=', neq: '≠', gt: '>', gte: '≥', lt: '<', lte: '≤' };

/** A predicate as text, for people: `country = "DE" and (population ≥ 100000 or not exists closed)`. */
export function describePredicate(node: PredicateNode): string {
  switch (node.op) {
    case 'and':
    case 'or':
      if (node.children.length === 0) return node.op === 'and' ? 'true' : 'false';
      return node.children.map((child) => inner(child, node.op)).join(` ${node.op} `);
    case 'not':
      return `not ${inner(node.child, 'not')}`;
    case 'exists':
      return `exists ${node.path}`;
    case 'between':
      return `${node.path} between ${describeValue(node.from)} and ${describeValue(node.to)}`;
    default: {
      const { op, path, ...operands } = node;
      const shown = Object.values(operands).map(describeValue).join(' ');
      return `${path || 'value'} ${SIGNS[op] ?? op} ${shown}`;
    }
  }
}

/** Conjuncts as one text. */
export function describeAll(nodes: readonly PredicateNode[]): string {
  const [only] = nodes;
  return only !== undefined && nodes.length === 1
    ? describePredicate(only)
    : describePredicate({ op: 'and', children: nodes });
}

function inner(node: PredicateNode, outer: string): string {
  const text = describePredicate(node);
  return (node.op === 'and' || node.op === 'or') && node.op !== outer && node.children.length > 1
    ? `(${text})`
    : text;
}

/** A value as text, cut when it is long. */
export function describeValue(value: unknown): string {
  const text = textOf(value);
  return text.length > OPERAND_MAX ? `${text.slice(0, OPERAND_MAX)}…` : text;
}

function textOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  // Long lists are cut before they are written out.
  if (Array.isArray(value)) return `[${value.slice(0, OPERAND_MAX).map(textOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'missing';
  return `{ ${Object.entries(value)
    .map(([name, field]) => `${name}: ${textOf(field)}`)
    .join(', ')} }`;
}
