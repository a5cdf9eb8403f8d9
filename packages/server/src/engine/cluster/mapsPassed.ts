import { OP, OUTCOME } from '@topgun/protocol';
import { mapOf, type Op } from '../Op.js';

/**
 * The maps in which transactions of a commit took an offset and changed nothing, by partition: whoever made one waits in each of its maps
 * until the scope has passed the offset (CLU-32).
 */
export function mapsPassed(
  ops: readonly Op[],
): (pid: number, changed: readonly { readonly map: string }[]) => readonly string[] | undefined {
  const maps = new Map<number, Set<string>>();
  for (const op of ops) {
    if (op.code !== OP.TRANSACTION || op.entry === undefined || op.entry.outcome === OUTCOME.REJECTED)
      continue;
    const some = maps.get(op.pid) ?? new Set<string>();
    maps.set(op.pid, some);
    for (let at = 0; at < op.writeCount; at++) some.add(mapOf(op, op.writeAt(at).mapIdx));
  }
  return (pid, changed) => {
    const some = maps.get(pid);
    if (some === undefined) return undefined;
    for (const { map } of changed) some.delete(map);
    return some.size > 0 ? [...some] : undefined;
  };
}
