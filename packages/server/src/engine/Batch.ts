import type { CommitBatch, DedupEntry, DedupRow, MetaRow, PartitionSlice } from '../storage/Store.js';
import type { DedupSession } from './DedupTable.js';
import type { MapState } from './MapState.js';
import type { Op } from './Op.js';
import type { DedupName } from './ports.js';
import type { RecordTable } from './RecordTable.js';
import type { Row } from './Row.js';

interface MutableSlice {
  readonly records: Row[];
  readonly dedup: Map<DedupSession<Op>, DedupEntry[]>;
}

/** What is staged for one commit: ops with their outcomes, the maps that hold their rows, and meta records. */
export class Batch {
  readonly ops: Op[] = [];
  readonly maps = new Set<MapState>();
  readonly meta = new Map<string, unknown>();
  /** when the first op or meta record came in */
  sinceMs = 0;

  get isEmpty(): boolean {
    return this.ops.length === 0 && this.meta.size === 0;
  }

  /** The batch for the store; its rows lie in the maps' in-flight layer. Records of one item are one record by now. */
  toCommit(table: RecordTable): CommitBatch {
    const slices = new Map<number, MutableSlice>();
    for (const map of this.maps)
      for (const row of map.inFlight.values()) sliceOf(slices, row.pid).records.push(row);
    for (const op of this.ops) {
      if (op.entry === undefined) continue;
      const { dedup } = sliceOf(slices, op.pid);
      const entries = dedup.get(op.session);
      if (entries === undefined) dedup.set(op.session, [op.entry]);
      else entries.push(op.entry);
    }
    const meta: MetaRow[] = [];
    for (const [name, value] of this.meta) meta.push({ name, value });
    return { slices: [...slices].map(([pid, slice]) => toSlice(pid, slice, table)), meta };
  }

  /** The dedup states that tell whether the batch was stored. */
  dedupNames(): DedupName[] {
    const names = new Map<string, DedupName>();
    for (const { pid, session } of this.ops) {
      const { clientId, session: id } = session;
      names.set(`${pid}/${clientId}/${id}`, { pid, clientId, session: id });
    }
    return [...names.values()];
  }
}

function sliceOf(slices: Map<number, MutableSlice>, pid: number): MutableSlice {
  let slice = slices.get(pid);
  if (slice === undefined) {
    slice = { records: [], dedup: new Map() };
    slices.set(pid, slice);
  }
  return slice;
}

function toSlice(pid: number, { records, dedup }: MutableSlice, table: RecordTable): PartitionSlice {
  const rows: DedupRow[] = [];
  for (const [session, entries] of dedup) {
    const { clientId, session: id } = session;
    rows.push({ clientId, session: id, settledBelow: session.settledForCommit(), entries });
  }
  return { pid, high: table.partition(pid).high(table.epoch), records, dedup: rows };
}
