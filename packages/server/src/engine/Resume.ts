import { PARTITION_COUNT } from '@topgun/core';
import { type BulkRow, type BulkTables, type Position, packPositions } from '@topgun/protocol';
import type { Offset } from '../storage/Store.js';
import { compareOffsets } from '../storage/Store.js';
import { BulkWriter } from './BulkWriter.js';
import type { Cursors, MintedCursor } from './Cursors.js';
import type { MapState } from './MapState.js';
import type { RollbackProof } from './ports.js';
import type { Rebirth } from './Rebirth.js';
import { readableOf } from './Row.js';
import { bytesOfRow } from './sizeOf.js';

const START: Offset = { epoch: 0, n: 0 };

/** What a node knows of its cluster when a device names a place. */
export interface OtherNodes {
  afterLook(run: () => void): void;
  /** whether the database itself does not reach the place that was told */
  proves(proof: RollbackProof): boolean;
}

/** What changed since a cursor, as much as one frame holds. */
export interface Page {
  readonly rows: readonly BulkRow[];
  readonly tables: BulkTables;
  readonly isAll: boolean;
  /** where a device stands with these rows, if more is to come */
  readonly next: MintedCursor | undefined;
}

/** Brings devices with a cursor up to date at a cost of O(changes of the map) (RES-3). */
export class Resume {
  readonly #cursors: Cursors;
  readonly #frameBytes: number;
  readonly #rebirth: Pick<Rebirth, 'begin'>;
  readonly #nodes: OtherNodes | undefined;

  constructor(cursors: Cursors, frameBytes: number, rebirth: Pick<Rebirth, 'begin'>, nodes?: OtherNodes) {
    this.#cursors = cursors;
    this.#frameBytes = frameBytes;
    this.#rebirth = rebirth;
    this.#nodes = nodes;
  }

  /** Where other nodes may know more than this one: calls back when it knows what the database has (CLU-24). */
  get nodes(): OtherNodes | undefined {
    return this.#nodes;
  }

  /**
   * The places of a cursor by partition; undefined when nothing can be resumed from it: forged, of another map or life of
   * the store, or older than a purge (GC-1). One that proves a rollback is reported. `ahead`: it is to be asked again when this node knows
   * what others have committed.
   */
  startOf(map: MapState, cursor: Uint8Array | undefined, isFinal = false): Offset[] | 'ahead' | undefined {
    const places = cursor && this.#cursors.read(map, cursor);
    if (places === undefined) return undefined;
    const start = new Array<Offset>(PARTITION_COUNT).fill(START);
    for (const [pid, epoch, n] of places) start[pid] = { epoch, n };
    const { lane } = map;
    for (const { pid, committed, gcOffset } of lane.partitions) {
      const told = start[pid] as Offset;
      // n = 0 is the start of an epoch and claims nothing in it.
      if (told.n > 0 && compareOffsets(told, committed) > 0) {
        if (lane.isVolatile) return undefined;
        if (this.#nodes !== undefined && !isFinal) return 'ahead';
        const proof = { map: map.name, pid, told, committed };
        if (this.#nodes?.proves(proof) !== false) this.#rebirth.begin(proof);
        return undefined;
      }
      if (compareOffsets(told, gcOffset) < 0) return undefined;
    }
    return start;
  }

  /** The committed rows after these places. A transaction, whose rows share an offset, is never parted. */
  page(map: MapState, start: readonly Offset[]): Page {
    const writer = new BulkWriter();
    const rows: BulkRow[] = [];
    let left = this.#frameBytes;
    for (let pid = 0; pid < PARTITION_COUNT; pid++) {
      let at = start[pid] as Offset;
      for (const row of map.changesIn(pid, at)) {
        const seen = readableOf(row);
        const bytes = bytesOfRow(row, seen);
        if (bytes > left && rows.length > 0 && compareOffsets(row, at) !== 0)
          return { rows, tables: writer.tables, isAll: false, next: this.#cursorAt(map, start, pid, at) };
        left -= bytes;
        rows.push(writer.row(row, seen));
        at = row;
      }
    }
    return { rows, tables: writer.tables, isAll: true, next: undefined };
  }

  /** Partitions before `pid` are brought up to date, that one as far as `at`, those behind it not at all. */
  #cursorAt(map: MapState, start: readonly Offset[], pid: number, at: Offset): MintedCursor | undefined {
    const places = start.flatMap((from, p): Position[] => {
      const { epoch, n } = p < pid ? map.lane.partition(p).committed : p === pid ? at : from;
      return epoch === 0 ? [] : [[p, epoch, n]];
    });
    return this.#cursors.mint(map, packPositions(places));
  }
}
