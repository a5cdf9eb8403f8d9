/** Guards of the rows a device sends. Written out by hand: 500 of them must take microseconds. */
import * as LIMITS from '../limits.js';
import { isAbsent, isKey, isNodeId, isRow, isSession, isTag, isTtl, isUint } from './checks.js';

function isBase(value: unknown): boolean {
  if (value === null) return true;
  if (!isRow(value, 3, 3)) return false;
  return value[0] === 0
    ? isUint(value[1]) && isNodeId(value[2])
    : value[0] === 1 && isSession(value[1]) && isUint(value[2]);
}

/** The payload of every op but TRANSACTION; `ttlMs` belongs to what is put or added only. */
function isWrite(op: unknown, payload: unknown, ttlMs: unknown): boolean {
  switch (op) {
    case 0:
    case 2:
      return !isAbsent(payload) && (isAbsent(ttlMs) || isTtl(ttlMs));
    case 1:
      return payload === null && isAbsent(ttlMs);
    case 3: {
      if (!isRow(payload, 1, LIMITS.tagsPerRemove) || !isAbsent(ttlMs)) return false;
      for (let i = 0; i < payload.length; i++) if (!isTag(payload[i])) return false;
      return true;
    }
    case 4:
      return Number.isSafeInteger(payload) && payload !== 0 && isAbsent(ttlMs);
    default:
      return false;
  }
}

function isSubRow(row: unknown, maps: number): boolean {
  return (
    isRow(row, 5, 6) &&
    isUint(row[1]) &&
    row[1] < maps &&
    isKey(row[2]) &&
    isBase(row[3]) &&
    isWrite(row[0], row[4], row[5])
  );
}

function isTransaction(row: readonly unknown[], maps: number): boolean {
  const writes = row[6];
  if (!isRow(writes, 1, LIMITS.writesPerTransaction) || !isAbsent(row[7])) return false;
  for (let i = 0; i < writes.length; i++) if (!isSubRow(writes[i], maps)) return false;
  const first = writes[0] as readonly unknown[];
  return first[1] === row[2] && first[2] === row[3];
}

function isOpRow(row: unknown, maps: number): boolean {
  return (
    isRow(row, 7, 9) &&
    isUint(row[0]) &&
    isUint(row[2]) &&
    row[2] < maps &&
    isKey(row[3]) &&
    isUint(row[4]) &&
    isBase(row[5]) &&
    (row[1] === 5 ? isTransaction(row, maps) : isWrite(row[1], row[6], row[7])) &&
    (isAbsent(row[8]) || isNodeId(row[8]))
  );
}

/** `maps` = length of the frame's table of map names. */
export function areOpRows(value: unknown, maps: number): boolean {
  if (!isRow(value, 0, LIMITS.opsPerFrame)) return false;
  for (let i = 0; i < value.length; i++) if (!isOpRow(value[i], maps)) return false;
  return true;
}
