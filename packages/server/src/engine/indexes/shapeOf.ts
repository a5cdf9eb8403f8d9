import type { PredicateNode, QuerySpec } from '@topgun/core';

/** Longest text of a shape; of what is longer the end is left out. */
const SHAPE_CHARS = 300;

/** A query without its values, for logs: `and(eq owner, gte priority) sort dueAt desc limit 20`. */
export function shapeOf({ where, sort = [], limit }: QuerySpec): string {
  const parts = [
    where === undefined ? 'all' : predicateShape(where),
    ...(sort.length === 0
      ? []
      : [`sort ${sort.map(([path, direction]) => `${path} ${direction}`).join(', ')}`]),
    ...(limit === undefined ? [] : [`limit ${limit}`]),
  ];
  const shape = parts.join(' ');
  return shape.length > SHAPE_CHARS ? `${shape.slice(0, SHAPE_CHARS - 1)}…` : shape;
}

function predicateShape(node: PredicateNode): string {
  switch (node.op) {
    case 'and':
    case 'or':
      return `${node.op}(${node.children.map(predicateShape).join(', ')})`;
    case 'not':
      return `not(${predicateShape(node.child)})`;
    default:
      return `${node.op} ${node.path}`;
  }
}
