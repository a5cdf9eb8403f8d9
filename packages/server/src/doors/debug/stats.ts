import { millisOf } from '@topgun/core';
import type { OperationLog } from '../../debug/OperationLog.js';
import type { MapReader } from '../../engine/MapReader.js';
import type { MapState } from '../../engine/MapState.js';
import { bytesOfRow } from '../../engine/sizeOf.js';
import type { Principal } from '../../security/policy/Policy.js';
import { Pace } from '../../utils/Pace.js';
import { type Counts, count, noCounts } from './operations.js';

/** One map, by all of its rows. */
export interface MapStats {
  readonly map: string;
  readonly kind: string;
  /** records, elements or counters */
  readonly present: number;
  readonly deleted: number;
  /** present ones with a time to live */
  readonly expiring: number;
  /** of what is present, about as on the wire */
  readonly bytes: number;
  /** of the latest stamp, ms since the epoch */
  readonly latestMs?: number;
  /** live root, as hexadecimal digits (DAT-5) */
  readonly root: string;
  /** in the log of operations */
  readonly operations: Counts;
}

/** `/stats` (DBG-6). */
export async function statsOf(
  reader: MapReader,
  log: OperationLog,
  principal: Principal,
  only: string | null,
): Promise<{ readonly maps: readonly MapStats[]; readonly operations: object }> {
  const perMap = new Map<string, Counts>();
  for (const operation of log.after(0)) {
    const counts = perMap.get(operation.map) ?? noCounts();
    count(counts, operation);
    perMap.set(operation.map, counts);
  }
  const pace = new Pace();
  const maps: MapStats[] = [];
  for (const { name, isWhole } of reader.readable(principal)) {
    const state = isWhole && (only === null || only === name) ? reader.whole(principal, name) : undefined;
    if (state !== undefined)
      maps.push({ ...(await walk(state, pace)), operations: perMap.get(name) ?? noCounts() });
  }
  return { maps, operations: { held: log.size, bytes: log.bytes, last: log.last } };
}

async function walk(state: MapState, pace: Pace): Promise<Omit<MapStats, 'operations'>> {
  const counted = { present: 0, deleted: 0, expiring: 0, bytes: 0 };
  let latest = 0;
  for (const row of state.rows()) {
    latest = Math.max(latest, row.t);
    if (row.value === undefined) counted.deleted++;
    else {
      counted.present++;
      counted.bytes += bytesOfRow(row, row.value);
      if (row.ttlMs !== undefined) counted.expiring++;
    }
    const rest = pace.step();
    if (rest !== undefined) await rest;
  }
  const { name: map, kind = '', tree } = state;
  const root = tree.read().rootHash().toString(16);
  return { map, kind, ...counted, ...(latest > 0 && { latestMs: millisOf(latest) }), root };
}
