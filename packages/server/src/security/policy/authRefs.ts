import { isAuthRef, type PredicateNode } from '@topgun/core';

/** The claims a predicate reads, each by its path. */
export function authPathsOf(node: PredicateNode): string[] {
  switch (node.op) {
    case 'and':
    case 'or':
      return node.children.flatMap(authPathsOf);
    case 'not':
      return authPathsOf(node.child);
    default:
      return Object.values(node).flatMap(refsIn);
  }
}

/**
 * The claim that a path leads into, whole. Where the first name is not plain to see, all claims: coarser than needed,
 * which only ever keeps principals apart.
 */
export function claimUnder(auth: Readonly<Record<string, unknown>>, path: string): unknown {
  if (path === '' || path.includes('\\')) return auth;
  const [name = ''] = path.split('.');
  return Object.hasOwn(auth, name) ? auth[name] : undefined;
}

function refsIn(operand: unknown): string[] {
  if (Array.isArray(operand)) return operand.flatMap(refsIn);
  return isAuthRef(operand) ? [operand.$auth] : [];
}
