/** Guards of the rows that fill the hot messages. Written out by hand: 500 of them must take microseconds. */
import { LIMITS } from '../limits.js';
import { isAbsent, isKey, isNodeId, isPid, isRow, isSession, isTag, isTtl, isUint } from './scalars.js';

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

/** `maps` = length of the frame's table of map names. */
export function isOpRow(row: unknown, maps: number): boolean {
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

/** `nodes` = length of the frame's table of node ids. */
export function isChangeRow(row: unknown, nodes: number): boolean {
  if (
    !isRow(row, 5, 9) ||
    !isKey(row[1]) ||
    !isUint(row[2]) ||
    !isUint(row[3]) ||
    !isUint(row[4]) ||
    row[4] >= nodes ||
    !(isAbsent(row[6]) || isTtl(row[6])) ||
    !(isAbsent(row[8]) || isUint(row[8]))
  ) {
    return false;
  }
  const value = row[5];
  switch (row[0]) {
    case 0:
      return !isAbsent(value) && isAbsent(row[7]);
    case 1:
      return isAbsent(value) && isAbsent(row[7]);
    case 2:
      return !isAbsent(value) && isTag(row[7]);
    case 3:
      return isAbsent(value) && isTag(row[7]);
    case 4:
      return isRow(value, 2, 2) && isUint(value[0]) && isUint(value[1]) && isAbsent(row[7]);
    default:
      return false;
  }
}

export function areChangeRows(value: unknown, nodes: number): boolean {
  if (!Array.isArray(value) || value.length > LIMITS.rowsPerReply) return false;
  for (let i = 0; i < value.length; i++) if (!isChangeRow(value[i], nodes)) return false;
  return true;
}

/** `[pid, epoch, n]` */
export const isPosition = (value: unknown): boolean =>
  isRow(value, 3, 3) && isPid(value[0]) && isUint(value[1]) && isUint(value[2]);
