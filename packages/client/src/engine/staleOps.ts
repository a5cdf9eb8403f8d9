import { type Base, OP } from '@topgun/protocol';
import { type PendingOp, partsOf, wholeOf } from './PendingOp.js';
import type { Realm } from './Realm.js';

/** What becomes of a stale op: a later own write has taken its place, it is made again, it waits for the app, or it goes. */
export type StaleFate = PendingOp | 'again' | 'park' | 'drop';

/**
 * The server has forgotten deletions since an op was made, and nothing stands where it would stand: either it never did,
 * or it was deleted (GC-2). By default a write that made something new is made again; one that changed what is now gone
 * must not bring it back unasked.
 *
 * A transaction is stale as a whole. It is made again if all its writes may be; where a later own write has taken the
 * place of one of them, nobody but the app can say what the rest is worth.
 */
export function fateOf(op: PendingOp, { replica, log, rejections }: Realm): StaleFate {
  const policy = rejections.stalePolicies.get(op.map);
  let isNew = true;
  for (const part of partsOf(op)) {
    const pending = replica.maps.get(part.map)?.overlay.of(part.key) ?? [];
    const later = pending.find((other) => isInPlaceOf(other, part));
    if (later && op.parts) return policy === 'drop' ? policy : 'park';
    if (later) {
      // What was written on top of it now stands on what it stood on itself.
      for (const other of pending) {
        if (!names(other.base, op)) continue;
        other.base = op.base;
        log.rewrite(wholeOf(other));
      }
      return later;
    }
    // An element is always new, whatever was written to its key before, and increments and removals of elements do no harm.
    isNew &&= part.op > OP.REMOVE || rootOf(part.base, pending) === null;
  }
  if (policy === 'ask') return 'park';
  if (policy === 'drop') return policy;
  return isNew || policy === 'rebase-all' ? 'again' : 'park';
}

/** Whether a pending write makes up for a stale one: a later one of the same record, or the removal of its element. */
const isInPlaceOf = (other: PendingOp, { op, t, tag }: PendingOp): boolean => {
  if (op < OP.OR_ADD) return other.t > t;
  return op === OP.OR_ADD && other.op === OP.OR_REMOVE && (other.value as readonly string[]).includes(tag);
};

/** What the oldest of the ops below was written on. One that was answered has made its record, which is gone since. */
function rootOf(base: Base, pending: readonly PendingOp[]): Base {
  const below = pending.find((op) => !wholeOf(op).isAnswered && names(base, op));
  return below ? rootOf(below.base, pending) : base;
}

/** Whether a base names an op: by its id, or by its stamp where another tab wrote it. */
const names = (base: Base, { session, seq, t, node }: PendingOp): boolean =>
  base !== null &&
  (base[0] === 1 ? base[1] === session && base[2] === seq : base[1] === t && base[2] === node);
