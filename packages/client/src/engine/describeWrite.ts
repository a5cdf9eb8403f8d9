import { OP_NAMES, type PendingOp } from './PendingOp.js';
import type { RejectedWrite } from './ports.js';

/** A write as rejections and conflicts name it; the map and key of a transaction are those of its first write. */
export const describeWrite = (op: PendingOp): RejectedWrite => ({
  map: op.map,
  key: op.key,
  op: OP_NAMES[op.op] ?? 'PUT',
  payload: op.parts?.map(describeWrite) ?? op.wanted ?? op.value ?? null,
  ...(op.ttlMs ? { ttlMs: op.ttlMs } : {}),
});
