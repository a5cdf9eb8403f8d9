import { PARTITION_COUNT } from '@topgun/core';
import { mergeGc } from '../storage/gcMarks.js';
import type {
  CommitBatch,
  DedupEntry,
  DedupRow,
  GcMarks,
  MetaRow,
  PartitionSlice,
} from '../storage/Store.js';
import { FORGOTTEN } from '../storage/Store.js';
import type { DedupSession } from './DedupTable.js';
import type { Lane } from './Lane.js';
import type { MapState } from './MapState.js';
import type { Op } from './Op.js';
import type { Purge } from './Purge.js';
import type { DedupName } from './ports.js';
import type { Row } from './Row.js';

/** What is staged for one commit: ops with their outcomes, the maps that hold their rows, purges, and meta records. */
export class Batch {
  readonly ops: Op[] = [];
  readonly maps = new Set<MapState>();
  readonly meta = new Map<string, unknown>();
  /** what stands, as far as is known here, where some of them are to stand: nodes decide such facts once (CLU-25) */
  readonly claims = new Map<string, unknown>();
  /** sessions whose dedup rows go */
  readonly forgotten: DedupSession<Op>[] = [];
  /** rows that the node itself puts, without an op */
  readonly ownRows: Row[] = [];
  readonly purges: Purge[] = [];
  /** of its flush: what it tells to addresses outside, stored with it and made anew should it fail */
  deliveries: readonly MetaRow[] = [];
  /** of its ops, about */
  bytes = 0;
  /** when the first op or meta record came in */
  sinceMs = 0;

  get isEmpty(): boolean {
    const { ops, meta, forgotten, ownRows, purges } = this;
    return ops.length + meta.size + forgotten.length + ownRows.length + purges.length === 0;
  }

  /**
   * The batch for the store; takes the open rows of its maps for the flush. Records of one item are one record by now. `deliveriesOf` is told
   * the rows, map by map.
   */
  toCommit(
    lane: Lane,
    deliveriesOf: (rows: readonly (readonly Row[])[]) => readonly MetaRow[] = () => [],
  ): CommitBatch {
    const slices = new SliceBuilder(lane);
    const rows = [...this.maps].map((map) => map.flush());
    for (const some of rows) for (const row of some) slices.addRow(row);
    this.deliveries = deliveriesOf(rows);
    for (const op of this.ops) if (op.entry !== undefined) slices.addEntry(op.session, op.pid, op.entry);
    for (const session of this.forgotten) slices.forget(session);
    for (const purge of this.purges) slices.purge(purge);
    const meta: MetaRow[] = [...this.deliveries];
    for (const [name, value] of this.meta)
      meta.push(
        this.claims.has(name) ? { name, value, was: { value: this.claims.get(name) } } : { name, value },
      );
    return { slices: slices.list, meta };
  }

  /** Whether it holds ops, rows or purges of partitions. */
  isAbout(isAbout: (pid: number) => boolean): boolean {
    const { ops, ownRows, purges } = this;
    return [ops, ownRows, purges].some((some) => some.some(({ pid }) => isAbout(pid)));
  }

  /** Takes out what is about partitions, purges and rows of the node itself for good; its ops, which are not staged any more. */
  part(isAbout: (pid: number) => boolean): Op[] {
    for (const map of this.maps) map.discardOpen(isAbout);
    const out = this.ops.filter(({ pid }) => isAbout(pid));
    const stays = <T extends { readonly pid: number }>(list: T[]): void => {
      list.splice(0, list.length, ...list.filter(({ pid }) => !isAbout(pid)));
    };
    stays(this.ops);
    stays(this.ownRows);
    stays(this.purges);
    for (const op of out) {
      this.bytes -= op.bytes;
      op.session.unstage(op.seq);
      op.entry = undefined;
    }
    return out;
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

interface OpenSlice extends PartitionSlice {
  readonly records: Row[];
  readonly dedup: DedupRow[];
  gc?: GcMarks;
}

/** A session within one commit: what the commit calls settled, and its rows, one per partition. */
interface Member {
  readonly settledBelow: number;
  readonly pids: number[];
  readonly entries: DedupEntry[][];
}

/** Sorts rows and entries into slices. */
class SliceBuilder {
  readonly list: OpenSlice[] = [];
  readonly #lane: Lane;
  readonly #byPid: (OpenSlice | undefined)[] = new Array(PARTITION_COUNT).fill(undefined);
  readonly #members = new Map<DedupSession<Op>, Member>();

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  addRow(row: Row): void {
    this.#slice(row.pid).records.push(row);
  }

  addEntry(session: DedupSession<Op>, pid: number, entry: DedupEntry): void {
    const { settledBelow, pids, entries } = this.#member(session);
    const at = pids.indexOf(pid);
    if (at >= 0) {
      entries[at]?.push(entry);
      return;
    }
    const made = [entry];
    pids.push(pid);
    session.pids.add(pid);
    entries.push(made);
    const { clientId, session: id } = session;
    this.#slice(pid).dedup.push({ clientId, session: id, settledBelow, entries: made });
  }

  forget({ clientId, session, pids }: DedupSession<Op>): void {
    // Each owner lets go of what it keeps.
    for (const pid of pids)
      if (this.#lane.partition(pid).isOwn)
        this.#slice(pid).dedup.push({ clientId, session, settledBelow: FORGOTTEN, entries: [] });
  }

  purge({ pid, gc }: Purge): void {
    const slice = this.#slice(pid);
    slice.gc = mergeGc(slice.gc, gc) ?? gc;
  }

  #member(session: DedupSession<Op>): Member {
    let member = this.#members.get(session);
    if (member === undefined) {
      member = { settledBelow: session.settledForCommit(), pids: [], entries: [] };
      this.#members.set(session, member);
    }
    return member;
  }

  #slice(pid: number): OpenSlice {
    let slice = this.#byPid[pid];
    if (slice === undefined) {
      slice = { pid, high: this.#lane.partition(pid).high, records: [], dedup: [] };
      this.#byPid[pid] = slice;
      this.list.push(slice);
    }
    return slice;
  }
}
