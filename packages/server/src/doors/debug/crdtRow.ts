import { millisOf } from '@topgun/core';
import { valueToJson } from '@topgun/protocol';
import type { SeenRow } from '../../engine/MapReader.js';
import { totalsOf } from '../../engine/Row.js';
import { exportRow } from '../../export/exportRow.js';

/** A row with what its merge goes by (DBG-8). Who sees a part of the map is not told who made what. */
export function crdtRow({ row, seen }: SeenRow, isWhole: boolean): object {
  const { map, key, tag, kind, t, node, ttlMs, pid, epoch, n, owner, from, repaired } = row;
  const version = {
    kind,
    t,
    node,
    stampMs: millisOf(t),
    pid,
    epoch,
    n,
    ...(ttlMs !== undefined && { ttlMs }),
  };
  const maker = isWhole
    ? {
        ...(owner !== undefined && { owner }),
        ...(from !== undefined && { from }),
        ...(repaired !== undefined && { repaired }),
      }
    : {};
  if (row.value === undefined)
    return { map, key, ...(tag !== undefined && { tag }), deleted: true, ...version, ...maker };
  if (kind !== 'PN') return { ...exportRow(row, seen), ...version, ...maker };
  const [plus, minus] = totalsOf(row.value);
  return { map, key, total: valueToJson(seen), plus, minus, ...version, ...maker };
}
