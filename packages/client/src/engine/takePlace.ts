import { OP } from '@topgun/protocol';
import type { PendingOp } from './PendingOp.js';
import type { ReplicaMap } from './ReplicaMap.js';

const NONE: readonly PendingOp[] = [];

/** How far the ops of a log may take each other's place. */
export interface Freedom {
  /** No server judges any map. */
  readonly isLocal: boolean;
  /** Nobody else ever heard of the ops in the log: it is the only copy of the data, and this realm keeps it (DEV-9). */
  readonly isAlone: boolean;
  /** Whether nobody else knows of an op yet (DEV-6). */
  isFree(op: PendingOp): boolean;
}

/**
 * The ops that a write takes the place of, the newest first: those on top of its key that are free (DEV-6); and what it writes then.
 * Nothing is taken out of a transaction. What a resolver makes of two writes is not what it makes of the last, so only plain
 * maps forget the first. An increment takes in others only where nobody has heard of them (DEV-9), if all of them can be one.
 */
export function takePlace(
  { op, key, value }: Pick<PendingOp, 'op' | 'key' | 'value'>,
  map: ReplicaMap,
  log: Freedom,
): { readonly replaced: readonly PendingOp[]; readonly payload: unknown } {
  const apart = { replaced: NONE, payload: value };
  if (op === OP.INCREMENT) {
    if (!log.isAlone) return apart;
    const replaced = freeOps(map, key, log);
    const sum = replaced.reduce((total, taken) => total + (taken.value as number), value as number);
    return sum !== 0 && Number.isSafeInteger(sum) ? { replaced, payload: sum } : apart;
  }
  const isPlain = log.isLocal || map.hasResolver === false;
  return op < OP.OR_ADD && isPlain ? { replaced: freeOps(map, key, log), payload: value } : apart;
}

function freeOps({ overlay }: ReplicaMap, key: string, log: Freedom): readonly PendingOp[] {
  const last = overlay.last(key);
  if (!last || last.whole || !log.isFree(last)) return NONE;
  const ops = overlay.of(key);
  let from = ops.length - 1;
  for (; from > 0; from--) {
    const below = ops[from - 1] as PendingOp;
    if (below.whole || !log.isFree(below)) break;
  }
  return ops.slice(from).reverse();
}
