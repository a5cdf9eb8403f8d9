/** C1: whoever holds a map shows the same live root. Undefined when they do, else who shows what. */
export function sameRoots(
  map: string,
  roots: Iterable<readonly [replica: string, root: number | undefined]>,
): string | undefined {
  const holders = new Map<number, string[]>();
  for (const [replica, root = 0] of roots) holders.set(root, [...(holders.get(root) ?? []), replica]);
  if (holders.size <= 1) return undefined;
  const parts = [...holders].map(
    ([root, [first, ...others]]) =>
      `${root} on ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`,
  );
  return `C1: live root of ${map} is ${parts.join(', ')}`;
}
