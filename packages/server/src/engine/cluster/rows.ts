import { OP, type OpRow, type SubRow } from '@topgun/protocol';
import type { Op } from '../Op.js';
import { bytesOfValue } from '../sizeOf.js';
import type { ForwardedOp } from './ForwardedOp.js';

/** Numbers, stamps and headers of a row, at most. */
const ROW_BYTES = 96;

/** An upper bound of the bytes that rows take between nodes. */
export function bytesOfRows(rows: readonly OpRow[]): number {
  let bytes = 0;
  for (const row of rows) bytes += ROW_BYTES + row[3].length * 3 + bytesOfValue(row[6]);
  return bytes;
}

/** An op as it came. */
export function rowOf({ seq, code, mapIdx, key, t, base, payload, ttlMs, node, session }: Op): OpRow {
  return [seq, code, mapIdx, key, t, base, payload, ttlMs ?? null, node === session.session ? null : node];
}

/** The maps that an op writes to. */
export function mapsOf({ frame, row: [, code, mapIdx, , , , payload] }: ForwardedOp): ReadonlySet<string> {
  // The guard of the protocol checked the shape.
  const indexes = code === OP.TRANSACTION ? (payload as readonly SubRow[]).map(([, at]) => at) : [mapIdx];
  return new Set(indexes.map((at) => frame.maps[at] as string));
}
