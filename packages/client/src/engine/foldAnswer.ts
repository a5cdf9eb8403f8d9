import { OP } from '@topgun/protocol';
import type { PendingOp, WriteCode } from './PendingOp.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { type BaseRow, compareOffsets, isGone, itemOf, type Offset } from './rows.js';
import type { Verdict } from './Verdict.js';

/** How far the device follows the map that an answer concerns. */
export interface Coverage {
  /** A whole-map scope or a query is open: what the server said about the map's keys enters base (DEV-3). */
  readonly isCovered: boolean;
  /** The map has a whole-map scope, complete or not. */
  readonly hasScope: boolean;
  /** How far the scope has everything in the op's partition; absent where nothing is known of it. */
  readonly to: Offset | undefined;
  /** This answer has decided an item: a running walk or catch-up leaves it alone unless it brings something newer. */
  touch(row: BaseRow): void;
}

/**
 * Moves the answer of one op into base. The caller removes the op from overlay and log in the same step, and both are
 * stored in one transaction (DEV-2), so no read and no crash sees the value in neither place.
 *
 * `applied` says that the op's own row stands at that offset; `superseded` and `changed` bring the row that
 * stands instead. It enters base unless something newer is known. If it is a deletion, a mark keeps older deltas from
 * bringing the item back.
 */
export function foldAnswer(map: ReplicaMap, op: PendingOp, verdict: Verdict, coverage: Coverage): void {
  const { outcome, at, pid, row } = verdict;
  if (!coverage.isCovered) return;
  const isOwn = outcome === 'applied';
  // Without an offset (n = 0) nobody can say whether the own row still stands; the map is complete by now and shows what does.
  for (const said of isOwn ? (at.n > 0 ? rowsOf(op, at) : []) : row ? [row] : []) {
    // A scope that has come this far has shown the row, or something newer, which may be its deletion.
    if (coverage.to && compareOffsets(coverage.to, said) >= 0) continue;
    // Without scope only queries hold rows. Nobody would say when a row went stale that none of them holds (DEV-3).
    if (!coverage.hasScope && map.known(itemOf(said)) === undefined) continue;
    // The answer of a write that was undone since, and that had been shown: late, or a repeated one.
    if (map.hasLeft(said)) continue;
    map.accept(said);
    coverage.touch(said);
    const isAbsent = map.known(itemOf(said)) === undefined;
    if (coverage.hasScope && isGone(said) && isAbsent) map.markGone(itemOf(said), pid, said);
  }
}

/** The rows that an applied op leaves behind. A write and the row it makes have the same number; an increment makes none. */
function rowsOf(
  { op, key, t, node, value, ttlMs, tag }: PendingOp,
  { epoch, n }: Offset,
): readonly BaseRow[] {
  const form = op as WriteCode; // of a transaction nothing is folded in: its rows come with the deltas
  const row = { form, key, epoch, n, t, node, value, ttlMs, tag: undefined, holds: [] };
  if (op === OP.OR_REMOVE) return (value as readonly string[]).map((removed) => ({ ...row, tag: removed }));
  if (op === OP.OR_ADD) return [{ ...row, tag }];
  return op === OP.INCREMENT ? [] : [row];
}
