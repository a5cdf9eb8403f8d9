import { OP } from '@topgun/protocol';
import type { OpLog } from './OpLog.js';
import type { PendingOp } from './PendingOp.js';
import type { RealmBase } from './RealmBase.js';
import type { ReplicaMap } from './ReplicaMap.js';

const NONE: readonly PendingOp[] = [];

/** Whether nobody else ever heard of the ops in the log: it is the only copy of the data, and this realm keeps it (DEV-9). */
export const isAlone = ({ options, isLeader }: RealmBase, { incarnation }: OpLog): boolean =>
  options.server === false && isLeader && incarnation === undefined;

/**
 * The ops that a write to this key takes the place of, the newest first: those on top of it that are free (DEV-6). Nothing is taken
 * out of a transaction. What a resolver makes of two writes is not what it makes of the last, so only plain maps forget
 * the first; and an increment takes in others only where nobody has heard of them (DEV-9).
 */
export function replacedOps(
  op: number,
  map: ReplicaMap,
  key: string,
  log: OpLog,
  realm: RealmBase,
): readonly PendingOp[] {
  const isReplacing =
    op === OP.INCREMENT
      ? isAlone(realm, log)
      : op < OP.OR_ADD && (map.hasResolver === false || realm.options.server === false);
  if (!isReplacing || !map.overlay.has(key)) return NONE;
  const ops = map.overlay.of(key);
  let from = ops.length;
  for (; from > 0; from--) {
    const below = ops[from - 1] as PendingOp;
    if (below.whole || !log.isFree(below)) break;
  }
  return ops.slice(from).reverse();
}

/** What an increment comes to with those whose place it takes; undefined when they cannot be one op. */
export function summedUp(delta: number, replaced: readonly PendingOp[]): number | undefined {
  const sum = replaced.reduce((total, { value }) => total + (value as number), delta);
  return sum !== 0 && Number.isSafeInteger(sum) ? sum : undefined;
}
