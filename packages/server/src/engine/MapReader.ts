import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import type { Kind } from '@topgun/protocol';
import type { Principal } from '../security/PermissionPolicy.js';
import { compareOffsets } from '../storage/Store.js';
import type { Gate } from './Gate.js';
import type { MapState } from './MapState.js';
import type { RecordTable } from './RecordTable.js';
import { type Row, readableOf } from './Row.js';
import { bytesOfRow } from './sizeOf.js';
import type { TokenBucket } from './TokenBucket.js';

/** How far a reading of a map has come: behind this offset of this partition. */
export interface Place {
  readonly pid: number;
  readonly epoch: number;
  readonly n: number;
}

/** A row, and what of its value is seen; undefined for a deleted one. */
export interface SeenRow {
  readonly row: Row;
  readonly seen: unknown;
}

export interface PageQuestion {
  readonly map: string;
  readonly after: Place;
  /** rows of the page, at most; those of one offset are never parted */
  readonly rows: number;
  /** of what is seen; a page ends behind the row that reaches it */
  readonly bytes: number;
  /** for who may read all of the map: deleted rows too */
  readonly withDeleted?: boolean;
}

export type MapPage =
  | {
      readonly kind: Kind | undefined;
      readonly rows: readonly SeenRow[];
      /** undefined at the end */
      readonly next: Place | undefined;
    }
  | { readonly refused: 'DENIED' }
  | { readonly retryAfterMs: number };

/** A map that a principal may read something of. */
export interface ReadableMap {
  readonly name: string;
  readonly kind: Kind;
  readonly isWhole: boolean;
}

/** Rows looked at for one page, whatever is found. */
const LOOKED_MAX = 5_000;

/** Before everything. */
export const FIRST_PLACE: Place = { pid: 0, epoch: 0, n: 0 };

/** Reads maps page by page, as a principal may see them. Each page is made at once, of what is committed then (EXP-4, EXP-5). */
export class MapReader {
  readonly #gate: Gate;
  readonly #table: RecordTable;
  readonly #scans: TokenBucket;

  constructor(gate: Gate, table: RecordTable, scans: TokenBucket) {
    this.#gate = gate;
    this.#table = table;
    this.#scans = scans;
  }

  /** By name. */
  readable(principal: Principal): readonly ReadableMap[] {
    const found: ReadableMap[] = [];
    for (const { name, kind } of this.#table.maps()) {
      const { view } = this.#gate.rightsOf(principal, name);
      if (kind !== undefined && !view.isBlind) found.push({ name, kind, isWhole: view.isWhole });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether the principal may read all of a map, also of one that nobody has written to. */
  readsAll(principal: Principal, map: string): boolean {
    return this.#gate.rightsOf(principal, map).view.isWhole;
  }

  /** The map, if the principal may read all of it. */
  whole(principal: Principal, map: string): MapState | undefined {
    return this.readsAll(principal, map) ? this.#table.map(map) : undefined;
  }

  /** The record or counter of a key, or its elements, as the principal may see them (REC-3). */
  rowsOf(principal: Principal, name: string, key: string, nowMs: number): MapPage {
    const { view } = this.#gate.rightsOf(principal, name);
    if (view.isBlind) return { refused: 'DENIED' };
    const retryAfterMs = this.#scans.waitMs(nowMs);
    if (retryAfterMs > 0) return { retryAfterMs };
    const map = this.#table.map(name);
    const found = map?.kind === 'OR' ? map.changesIn(partitionOf(key), FIRST_PLACE) : [map?.committed(key)];
    this.#scans.spend(found.length);
    const rows = found.flatMap((row) => {
      if (row === undefined || row.key !== key) return [];
      const readable = readableOf(row);
      const seen = readable === undefined ? undefined : view.project(readable);
      return seen === undefined ? [] : [{ row, seen }];
    });
    return { kind: map?.kind, rows, next: undefined };
  }

  page(principal: Principal, question: PageQuestion, nowMs: number): MapPage {
    const { view } = this.#gate.rightsOf(principal, question.map);
    if (view.isBlind) return { refused: 'DENIED' };
    const retryAfterMs = this.#scans.waitMs(nowMs);
    if (retryAfterMs > 0) return { retryAfterMs };
    const map = this.#table.map(question.map);
    const rows: SeenRow[] = [];
    if (map === undefined) return { kind: undefined, rows, next: undefined };
    let looked = 0;
    let bytes = 0;
    let last: Row | undefined;
    // Where rows are hidden only those that are seen count: short pages would count the others for whoever asks.
    const isFull = (): boolean =>
      (view.isWhole ? looked : rows.length) >= question.rows ||
      looked >= LOOKED_MAX ||
      bytes >= question.bytes;
    for (let { pid } = question.after; pid < PARTITION_COUNT; pid++) {
      const after = pid === question.after.pid ? question.after : FIRST_PLACE;
      for (const row of map.changesIn(pid, after)) {
        if (isFull() && last !== undefined && compareOffsets(last, row) !== 0) {
          this.#scans.spend(looked);
          return { kind: map.kind, rows, next: { pid, epoch: last.epoch, n: last.n } };
        }
        looked++;
        last = row;
        const readable = readableOf(row);
        const seen = readable === undefined ? undefined : view.project(readable);
        if (seen === undefined && !(question.withDeleted && view.isWhole)) continue;
        rows.push({ row, seen });
        bytes += bytesOfRow(row, seen);
      }
      // Behind the last partition that was looked at to its end.
      last = undefined;
      if (isFull()) {
        this.#scans.spend(looked);
        return {
          kind: map.kind,
          rows,
          next: pid + 1 < PARTITION_COUNT ? { pid: pid + 1, epoch: 0, n: 0 } : undefined,
        };
      }
    }
    this.#scans.spend(looked);
    return { kind: map.kind, rows, next: undefined };
  }
}
