import { deepEqual, hashValue } from '@topgun/core';

/** The elements of both lists, in this order, each one once. Linear, by the hashes of the elements. */
export function unite(first: readonly unknown[], second: readonly unknown[]): readonly unknown[] {
  const united: unknown[] = [];
  const byHash = new Map<number, unknown[]>();
  for (const element of [...first, ...second]) {
    const hash = hashValue(element);
    const alike = byHash.get(hash);
    if (alike === undefined) byHash.set(hash, [element]);
    else if (alike.some((other) => deepEqual(other, element))) continue;
    else alike.push(element);
    united.push(element);
  }
  return united;
}
