import {
  type Delta,
  type Explanation,
  LiveWindow,
  type PredicateNode,
  type QueryPorts,
  type QuerySpec,
} from '@topgun/core';
import { QUERY_CHANGE, type QueryChange, type QueryDelta } from '@topgun/protocol';
import type { View } from '../security/policy/View.js';
import type { Connection } from './Connection.js';
import type { Found } from './indexes/MapIndexes.js';
import { LiveTree } from './LiveTree.js';
import type { Change, MapState } from './MapState.js';
import { type Row, readableOf } from './Row.js';
import { RowWriter } from './RowWriter.js';
import type { Shown } from './Shown.js';
import { bytesOfRow } from './sizeOf.js';

/** One connection's interest in a query, under the id it chose. */
export interface Subscription {
  readonly id: string;
  readonly conn: Connection;
  readonly map: string;
  /** of the view that it was answered or refused under */
  readonly signature: string;
  /** undefined where it was refused: nothing of the map may be read, or it names a hidden field */
  readonly query: SharedQuery | undefined;
  /** version of the last message */
  v: number;
  /** rows of the result when it was opened: what is counted of it (QRY-9) */
  readonly rows: number;
}

/** What one commit changed in a result, packed for frames. */
export interface Update {
  readonly nodes: readonly string[];
  readonly changes: readonly QueryDelta[];
}

/** How a row has changed for the result. */
type Told = readonly [kind: QueryChange, row: Row];

/** A row of the result as it is seen. */
export interface ResultRow {
  readonly row: Row;
  readonly seen: unknown;
}

/**
 * One live query over one view of a map, evaluated once for all who ask the same (QRY-1). Rows pass the view before the
 * predicate, so a hidden field cannot be found out by filtering or sorting, and a hidden row takes no place under a limit.
 */
export class SharedQuery implements Shown {
  readonly key: string;
  readonly map: MapState;
  readonly view: View;
  readonly where: PredicateNode | undefined;
  readonly subscribers = new Set<Subscription>();
  readonly #window: LiveWindow<unknown>;
  readonly #dirtyItems: number;
  readonly spec: QuerySpec;
  readonly #ports: QueryPorts | undefined;
  #examined = 0;
  #explanation: Explanation | undefined;
  #isTold = false;
  #tree: LiveTree | undefined;

  constructor(
    key: string,
    map: MapState,
    view: View,
    spec: QuerySpec,
    dirtyItems: number,
    ports?: QueryPorts,
  ) {
    this.key = key;
    this.map = map;
    this.view = view;
    this.where = spec.where;
    this.#dirtyItems = dirtyItems;
    this.spec = spec;
    this.#ports = ports;
    this.#window = this.#open();
  }

  /** How the first rows were found; told once, for it is larger than many a result. */
  takeExplanation(): Explanation | undefined {
    const explanation = this.#explanation;
    this.#explanation = undefined;
    this.#isTold = true;
    return explanation;
  }

  /** Rows looked at for the window since this was asked last. */
  takeExamined(): number {
    const examined = this.#examined;
    this.#examined = 0;
    return examined;
  }

  /** The digests of the result, made when somebody resumes and kept from then on (RES-4). */
  get tree(): LiveTree {
    if (this.#tree === undefined) {
      this.#tree = new LiveTree(this.#dirtyItems, (value, { item }) =>
        this.#window.has(item) ? this.view.project(value) : undefined,
      );
      for (const { row } of this.rows()) this.#tree.touch(row);
    }
    return this.#tree;
  }

  /** Rows of the result. */
  get size(): number {
    return this.#window.rows().length;
  }

  /** The result in its order. */
  rows(): ResultRow[] {
    return this.#window.rows().flatMap(([item, seen]) => {
      const row = this.map.committed(item);
      return row === undefined ? [] : [{ row, seen }];
    });
  }

  /** Whether the rows of the result take no more bytes than this. */
  isWithin(bytesMax: number): boolean {
    let bytes = 0;
    // In the order of the result, so that a large one is not looked at to its end.
    return this.rows().every(({ row, seen }) => {
      bytes += bytesOfRow(row, seen);
      return bytes <= bytesMax;
    });
  }

  /** Takes in the changes of a commit that may matter; the net change of the result, in frames of at most `bytesMax`. */
  advance(changes: readonly Change[], bytesMax: number): Update[] {
    const deltas: Delta<unknown>[] = [];
    for (const { row } of changes) {
      this.#tree?.touch(row);
      for (const delta of this.#window.apply(row.item, this.seen(row))) deltas.push(delta);
    }
    if (deltas.length === 0) return [];
    return this.#pack(deltas.length === 1 ? this.#plain(deltas) : this.#net(deltas, changes), bytesMax);
  }

  /** Steps of which no two are about one row. */
  #plain(deltas: readonly Delta<unknown>[]): Told[] {
    return deltas.flatMap(({ type, key }) => {
      const row = this.map.committed(key);
      return row === undefined ? [] : [[QUERY_CHANGE[type], row] as const];
    });
  }

  /** What many steps come to, each row at most once. */
  #net(deltas: readonly Delta<unknown>[], changes: readonly Change[]): Told[] {
    const before = new Map<string, boolean>();
    const after = new Map<string, boolean>();
    for (const delta of deltas) note(delta, before, after);
    const changed = new Set(changes.map(({ row }) => row.item));
    const net: Told[] = [];
    for (const [item, isIn] of after) {
      const wasIn = before.get(item) === true;
      const row = this.map.committed(item);
      // Others move in and out of a window without a change of their own.
      if (row !== undefined && !changed.has(item)) this.#tree?.touch(row);
      // In and out again within one commit; or pushed out and back without a change of its own.
      if (row === undefined || (wasIn === isIn && (!isIn || !changed.has(item)))) continue;
      net.push([isIn ? (wasIn ? QUERY_CHANGE.UPDATE : QUERY_CHANGE.ENTER) : QUERY_CHANGE.LEAVE, row]);
    }
    return net;
  }

  /**
   * A window that finds its rows by an index holds those of the limit and some slack, and looks for more when these are used up
   * (QRY-7). Without one it would read the whole map for that, in the middle of a commit: then it holds all rows that match.
   */
  #open(): LiveWindow<unknown> {
    let isScan = true;
    const find = (spec: QuerySpec): Found['rows'] => {
      const { rows, explanation } = this.map.indexes.find(spec, this.view);
      this.#examined += explanation.examined;
      if (!this.#isTold) this.#explanation ??= explanation;
      isScan = explanation.path.kind === 'scan';
      return rows;
    };
    if (this.map.indexes.isAny) {
      const short = new LiveWindow<unknown>(this.spec, { ...this.#ports, run: find });
      short.reset();
      if (!isScan) return short;
    }
    const { limit: _, ...all } = this.spec;
    const whole = new LiveWindow<unknown>(this.spec, this.#ports);
    whole.reset(find(all));
    return whole;
  }

  /** A row that leaves but can still be seen ends one hold; one that cannot is gone for every query of the device. */
  #pack(net: readonly Told[], bytesMax: number): Update[] {
    const updates: Update[] = [];
    let writer = new RowWriter();
    let changes: QueryDelta[] = [];
    let bytes = 0;
    for (const [kind, row] of net) {
      const seen = this.seen(row);
      const rowBytes = bytesOfRow(row, seen);
      if (changes.length > 0 && bytes + rowBytes > bytesMax) {
        updates.push({ nodes: writer.nodes, changes });
        writer = new RowWriter();
        changes = [];
        bytes = 0;
      }
      const change = seen === undefined ? writer.gone(row, row.epoch) : writer.present(row, seen, row.epoch);
      changes.push([kind, row.pid, row.epoch, change]);
      bytes += rowBytes;
    }
    if (changes.length > 0) updates.push({ nodes: writer.nodes, changes });
    return updates;
  }

  seen(row: Row | undefined): unknown {
    return this.view.project(readableOf(row));
  }
}

function note(
  { type, key }: Delta<unknown>,
  before: Map<string, boolean>,
  after: Map<string, boolean>,
): void {
  if (!before.has(key)) before.set(key, type !== 'ENTER');
  after.set(key, type !== 'LEAVE');
}
