import { type PartitionedTree, partitionOf, splitRowKey } from '@topgun/core';
import {
  type ChangeRow,
  type ItemKey,
  MERKLE_FORM,
  type MerklePart,
  type MerkleReqMessage,
  type RowsPart,
  type RowsReqMessage,
  type SyncInitMessage,
} from '@topgun/protocol';
import type { Connection } from './Connection.js';
import type { EngineLimits } from './EngineLimits.js';
import { errorMessage } from './errorMessage.js';
import type { ServerEffects } from './ports.js';
import { RowWriter } from './RowWriter.js';
import type { Scopes } from './Scopes.js';
import { bytesOfRow } from './sizeOf.js';
import type { ViewGroup } from './ViewGroup.js';

/** Hex digits a Merkle path has at most in core's trees. */
const PATH_DIGITS_MAX = 6;
/** An answer with this many rows is enough for one frame. */
const ROWS_MAX = 4_000;

/**
 * Answers the Merkle walk (RES-5). Every answer stands at the place its group has reached, shows committed rows through
 * the member's view only, and fills one frame; what does not fit is asked for again.
 */
export class SyncServer {
  readonly #effects: ServerEffects;
  readonly #scopes: Scopes;
  readonly #limits: EngineLimits;

  constructor(effects: ServerEffects, scopes: Scopes, limits: EngineLimits) {
    this.#effects = effects;
    this.#scopes = scopes;
    this.#limits = limits;
  }

  init(conn: Connection, { req, map, kind, root }: SyncInitMessage): void {
    const group = this.#scopes.join(conn, map);
    if (group === undefined) {
      this.#effects.send(conn.id, errorMessage('DENIED', { req, ref: map }));
      return;
    }
    const known = group.map.kind;
    if (known !== undefined && known !== kind) {
      this.#scopes.leave(conn, map);
      this.#effects.send(conn.id, errorMessage('WRONG_KIND', { req, ref: map }));
      return;
    }
    const tree = group.tree.read();
    const own = tree.rootHash();
    const parts = own === root ? undefined : { parts: tree.partitionRoots() };
    this.#effects.send(conn.id, { type: 'SYNC_ROOT', req, map, root: own, at: group.positions(), ...parts });
  }

  merkle(conn: Connection, { req, map, nodes }: MerkleReqMessage): void {
    const group = this.#group(conn, map, req);
    if (group === undefined) return;
    const tree = group.tree.read();
    const rows = new RowWriter();
    const budget = new Budget(this.#limits.frameBytes);
    const parts: MerklePart[] = [];
    for (const [pid, path, localHash] of nodes) {
      if (path.length > PATH_DIGITS_MAX) {
        this.#effects.send(conn.id, errorMessage('BAD_MESSAGE', { req, ref: map, path: 'nodes' }));
        return;
      }
      const { epoch, n } = group.position(pid);
      const count = tree.countUnder(pid, path);
      const changes =
        localHash === 0 && count > 0
          ? this.#rowsUnder(group, tree, pid, path, count, rows, budget)
          : undefined;
      if (changes !== undefined) parts.push([pid, path, epoch, n, MERKLE_FORM.ROWS, changes]);
      else if (localHash === 0 && count > 0 && count <= ROWS_MAX && parts.length > 0) break;
      else if (count > this.#limits.merkleItems && path.length < PATH_DIGITS_MAX) {
        if (!budget.take(16 * 11)) break;
        parts.push([pid, path, epoch, n, MERKLE_FORM.CHILDREN, tree.children(pid, path)]);
      } else {
        const items = tree.items(pid, path);
        let bytes = 24;
        for (const [item] of items) bytes += 15 + item.length * 3;
        if (!budget.take(bytes)) break;
        parts.push([pid, path, epoch, n, MERKLE_FORM.ITEMS, items]);
      }
    }
    this.#effects.send(conn.id, { type: 'MERKLE_RESP', req, map, nodes: rows.nodes, parts });
  }

  rows(conn: Connection, { req, map, items }: RowsReqMessage): void {
    const group = this.#group(conn, map, req);
    if (group === undefined) return;
    const { kind } = group.map;
    const rows = new RowWriter();
    const budget = new Budget(this.#limits.frameBytes);
    const parts = new Map<number, { readonly rows: ChangeRow[]; readonly gone: ItemKey[] }>();
    for (const [pid, item] of items) {
      const row = partitionOfItem(item, kind === 'OR') === pid ? group.map.committed(item) : undefined;
      const seen = group.seen(row);
      if (!budget.take(row === undefined ? item.length * 3 + 5 : bytesOfRow(row, seen))) break;
      const part = parts.get(pid) ?? { rows: [], gone: [] };
      parts.set(pid, part);
      if (row === undefined || seen === undefined) part.gone.push(item);
      else part.rows.push(rows.present(row, seen, group.position(pid).epoch));
    }
    const answered = [...parts].map(([pid, part]): RowsPart => {
      const { epoch, n } = group.position(pid);
      return [pid, epoch, n, part.rows, part.gone];
    });
    this.#effects.send(conn.id, { type: 'ROWS_RESP', req, map, nodes: rows.nodes, parts: answered });
  }

  #group(conn: Connection, map: string, req: number): ViewGroup | undefined {
    const group = this.#scopes.group(conn, map);
    if (group === undefined) this.#effects.send(conn.id, errorMessage('RESYNC', { req, ref: map }));
    return group;
  }

  /** All rows under a node for a device that has none there; undefined when they do not fit into what is left. */
  #rowsUnder(
    group: ViewGroup,
    tree: PartitionedTree,
    pid: number,
    path: string,
    count: number,
    rows: RowWriter,
    budget: Budget,
  ): ChangeRow[] | undefined {
    if (count > ROWS_MAX - budget.rows) return undefined;
    const found = tree.items(pid, path).flatMap(([item]) => group.map.committed(item) ?? []);
    let bytes = 0;
    for (const row of found) bytes += bytesOfRow(row, group.seen(row));
    // Only a single row may overfill a fresh frame.
    if ((found.length > 1 && !budget.fits(bytes)) || !budget.take(bytes)) return undefined;
    budget.rows += found.length;
    return found.map((row) => rows.present(row, group.seen(row), group.position(pid).epoch));
  }
}

/** Bytes and rows of one frame. The first thing taken always fits, for no row is larger than a frame. */
class Budget {
  rows = 0;
  #left: number;
  #isFresh = true;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  fits(bytes: number): boolean {
    return bytes <= this.#left;
  }

  take(bytes: number): boolean {
    if (!this.fits(bytes) && !this.#isFresh) return false;
    this.#isFresh = false;
    this.#left -= bytes;
    return true;
  }
}

function partitionOfItem(item: string, isElement: boolean): number | undefined {
  const key = isElement ? splitRowKey(item)?.key : item;
  return key === undefined ? undefined : partitionOf(key);
}
