import {
  type EventPart,
  type GcPruneMessage,
  type Position,
  roundPositions,
  type ServerEventMessage,
} from '@topgun/protocol';
import type { View } from '../security/policy/View.js';
import { compareOffsets, type Offset } from '../storage/Store.js';
import type { Connection } from './Connection.js';
import { LiveTree } from './LiveTree.js';
import type { Change, MapState } from './MapState.js';
import { type Row, readableOf } from './Row.js';
import { RowWriter } from './RowWriter.js';
import type { Shown } from './Shown.js';
import { bytesOfRow } from './sizeOf.js';

/**
 * Everybody who follows one map with one view of it. They share the digests, the place each partition has reached, and
 * every frame, which is made once (RES-2).
 *
 * A view of the whole map uses the map's own tree; any other keeps its own over the rows as they are seen, so that
 * nothing of a hidden row or field shows in a hash.
 */
export class ViewGroup implements Shown {
  readonly map: MapState;
  readonly view: View;
  readonly tree: LiveTree;
  readonly members = new Set<Connection>();
  /** members that do not take what they are sent, and the places they have been told of by partition (FLOW-2) */
  readonly parked = new Map<Connection, Offset[]>();
  /** changes since its members got a cursor, and when that was */
  untold = 0;
  toldAtMs = 0;
  readonly #frameBytes: number;
  /** The `to` of the last delta by partition; what a joiner is brought to. */
  readonly #to: Offset[];

  constructor(map: MapState, view: View, dirtyItems: number, frameBytes: number) {
    this.map = map;
    this.view = view;
    this.#frameBytes = frameBytes;
    this.#to = [];
    for (const { committed } of map.lane.partitions) this.#to.push(committed);
    // Rounded at once and never again: a place is the same in answers, cursors and the chain of deltas.
    if (map.lane.hasCommonEpochs)
      for (const [pid, epoch, n] of roundPositions(this.positions())) this.#to[pid] = { epoch, n };
    if (view.isWhole) this.tree = map.tree;
    else {
      this.tree = new LiveTree(dirtyItems, (value) => view.project(value));
      for (const row of map.rows()) this.tree.touch(row);
    }
  }

  position(pid: number): Offset {
    // 0..270: checked by the guard of the protocol.
    return this.#to[pid] as Offset;
  }

  positions(): Position[] {
    const places: Position[] = [];
    for (let pid = 0; pid < this.#to.length; pid++) {
      const { epoch, n } = this.position(pid);
      if (epoch !== 0 || n !== 0) places.push([pid, epoch, n]);
    }
    return places;
  }

  seen(row: Row | undefined): unknown {
    return this.view.project(readableOf(row));
  }

  /**
   * The frames of one commit. A row that left the view is sent as gone, one that never was in it is not sent at all.
   *
   * `isEchoed`: a member wrote. Then partitions without visible change are named too, so that the writer's place passes
   * the offset of its own op before the answer arrives; for others they would only cost.
   */
  advance(changes: readonly Change[], touched: ReadonlySet<number>, isEchoed: boolean): ServerEventMessage[] {
    const byPid = new Map<number, Change[]>();
    for (const change of changes) {
      if (!this.view.isWhole) this.tree.touch(change.row);
      if (this.seen(change.row) === undefined && this.seen(change.old) === undefined) continue;
      this.untold++;
      const listed = byPid.get(change.row.pid);
      if (listed === undefined) byPid.set(change.row.pid, [change]);
      else listed.push(change);
    }
    if (this.members.size + this.parked.size === 0) return [];
    const isNamed = isEchoed || this.view.isWhole;
    const frames = new FrameWriter(this.map.name, this.#frameBytes);
    for (const pid of isNamed ? touched : byPid.keys()) {
      const from = this.position(pid);
      const to = this.map.lane.partition(pid).committed;
      if (this.members.size > 0) this.#part(frames, pid, from, to, byPid.get(pid) ?? []);
      this.#to[pid] = to;
    }
    return frames.end();
  }

  /** Sends nothing more to a member; it keeps its place. */
  park(conn: Connection): void {
    this.members.delete(conn);
    this.parked.set(conn, [...this.#to]);
  }

  /**
   * The frames that bring a parked member to where the group stands: what changed since, each item once, as it is now. Undefined
   * where its place is no longer good: a view of a part does not know what has left it, a purge has passed the place, or more
   * has changed than one frame holds.
   */
  catchUpParked(conn: Connection): ServerEventMessage[] | undefined {
    const place = this.parked.get(conn) ?? [];
    const frames = new FrameWriter(this.map.name, this.#frameBytes);
    let left = this.#frameBytes;
    for (const [pid, from] of place.entries()) {
      const to = this.position(pid);
      if (compareOffsets(from, to) >= 0) continue;
      if (!this.view.isWhole || compareOffsets(from, this.map.lane.partition(pid).gcOffset) < 0)
        return undefined;
      const rows = this.map.changesIn(pid, from).map((row) => ({ row, seen: this.seen(row) }));
      let bytes = 0;
      for (const { row, seen } of rows) bytes += bytesOfRow(row, seen);
      left -= bytes;
      if (left < 0) return undefined;
      frames.part(pid, from, to, rows, bytes);
      place[pid] = to;
    }
    return frames.end();
  }

  /**
   * Brings the group to the last change of the map, which a view with a predicate may not have been told of; no row is
   * in it. A joiner then stands at or after every offset that its own ops ever got.
   */
  catchUp(): ServerEventMessage[] {
    const frames = new FrameWriter(this.map.name, this.#frameBytes);
    for (const [pid, to] of this.map.reached) {
      const from = this.position(pid);
      if (compareOffsets(from, to) >= 0) continue;
      frames.part(pid, from, to, [], 0);
      this.#to[pid] = to;
    }
    return frames.end();
  }

  /** Moves the group past the purges of these partitions. Everything up to there was told, or was none of its business. */
  prune(pids: readonly number[]): GcPruneMessage | undefined {
    const at: Position[] = [];
    for (const pid of new Set(pids)) {
      const { gcOffset } = this.map.lane.partition(pid);
      if (compareOffsets(this.position(pid), gcOffset) >= 0) continue;
      this.#to[pid] = gcOffset;
      this.untold++;
      at.push([pid, gcOffset.epoch, gcOffset.n]);
    }
    return at.length > 0 ? { type: 'GC_PRUNE', map: this.map.name, at } : undefined;
  }

  #part(frames: FrameWriter, pid: number, from: Offset, to: Offset, changes: Change[]): void {
    // Of what was committed elsewhere there may be several epochs at once.
    changes.sort((a, b) => compareOffsets(a.row, b.row));
    let at = from;
    let rows: Seen[] = [];
    let bytes = 0;
    for (const { row } of changes) {
      const seen = this.seen(row);
      const rowBytes = bytesOfRow(row, seen);
      const last = rows.at(-1)?.row;
      // Between two offsets a part may end; a transaction, whose rows share one, is never parted.
      if (last !== undefined && compareOffsets(last, row) !== 0 && bytes + rowBytes > this.#frameBytes) {
        frames.part(pid, at, last, rows, bytes);
        at = last;
        rows = [];
        bytes = 0;
      }
      rows.push({ row, seen });
      bytes += rowBytes;
    }
    frames.part(pid, at, to, rows, bytes);
  }
}

interface Seen {
  readonly row: Row;
  readonly seen: unknown;
}

/** What a part costs in a frame beside its rows, at most. */
const PART_BYTES = 48;

/** Packs parts into as few frames as their size allows. */
class FrameWriter {
  readonly #map: string;
  readonly #bytesMax: number;
  readonly #frames: ServerEventMessage[] = [];
  #parts: EventPart[] = [];
  #rows = new RowWriter();
  #bytes = 0;

  constructor(map: string, bytesMax: number) {
    this.#map = map;
    this.#bytesMax = bytesMax;
  }

  part(pid: number, from: Offset, to: Offset, rows: readonly Seen[], bytes: number): void {
    if (this.#parts.length > 0 && this.#bytes + bytes > this.#bytesMax) this.#close();
    const changes = rows.map(({ row, seen }) => {
      return seen === undefined ? this.#rows.gone(row, to.epoch) : this.#rows.present(row, seen, to.epoch);
    });
    this.#parts.push([pid, from.epoch, from.n, to.epoch, to.n, changes]);
    this.#bytes += bytes + PART_BYTES;
  }

  end(): ServerEventMessage[] {
    this.#close();
    return this.#frames;
  }

  #close(): void {
    if (this.#parts.length === 0) return;
    this.#frames.push({ type: 'SERVER_EVENT', map: this.#map, nodes: this.#rows.nodes, parts: this.#parts });
    this.#parts = [];
    this.#rows = new RowWriter();
    this.#bytes = 0;
  }
}
