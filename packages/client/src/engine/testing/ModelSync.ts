import { hashValue, itemDigest, PartitionedTree, partitionOf } from '@topgun/core';
import {
  type BulkRow,
  type BulkTables,
  type ChangeRow,
  type MerklePart,
  type MerkleReqMessage,
  PARTITION_COUNT,
  type Position,
  packHashes,
  packPositions,
  type RowsReqMessage,
  type SyncInitMessage,
  type SyncRootMessage,
  shortHash,
  unpackHashes,
  unpackPositions,
} from '@topgun/protocol';
import type { ModelConnection, ModelRow } from './ModelConnection.js';

const LEAF_ITEMS = 8;
const PATH_DIGITS_MAX = 6;

/** What SYNC_ROOT and QUERY_RESP say of a map. */
export type MapPolicy = Pick<SyncRootMessage, 'resolver' | 'volatile'>;

/** What a model server knows of its maps. */
export interface ModelMaps {
  rows(map: string): ReadonlyMap<string, ModelRow>;
  tree(map: string): PartitionedTree;
  places(): readonly Position[];
  wire(row: ModelRow, nodes: string[]): ChangeRow;
  sent(rows: number): void;
  policyOf(map: string): MapPolicy;
}

/** Whole-map scopes of a model server, resumed by cursor; and the walk that repairs them and queries. */
export class ModelSync {
  /** Whether scopes get cursors. */
  hasCursors = true;
  /** Rows in one answer to a cursor; what is left comes with the next one. */
  pageRows = Number.POSITIVE_INFINITY;
  /** Nodes in one answer to a walk. */
  pageNodes = Number.POSITIVE_INFINITY;
  /** The result of a query of a connection. */
  treeOfQuery: (connection: ModelConnection, query: string) => PartitionedTree = () => new PartitionedTree();
  readonly #maps: ModelMaps;

  constructor(maps: ModelMaps) {
    this.#maps = maps;
  }

  init(connection: ModelConnection, { req, map, root, cursor }: SyncInitMessage): void {
    const tree = this.#maps.tree(map);
    const own = tree.rootHash();
    const from = this.hasCursors ? placesIn(map, cursor) : undefined;
    if (from && root !== own) {
      const changed = [...this.#maps.rows(map).values()]
        .filter(({ key, n }) => n > (from.get(partitionOf(key))?.[2] ?? 0))
        .sort((a, b) => partitionOf(a.key) - partitionOf(b.key) || a.n - b.n);
      const page = changed.slice(0, this.pageRows);
      if (page.length > 0) connection.deliver({ type: 'SYNC_DELTA', req, map, ...this.#bulk(page) });
      const next = changed[this.pageRows];
      const last = page.at(-1);
      if (next && last) {
        const pid = partitionOf(last.key);
        const places = this.#maps.places().flatMap((place): readonly Position[] => {
          const at = place[0] < pid ? place : place[0] > pid ? from.get(place[0]) : undefined;
          return place[0] === pid ? [[pid, place[1], last.n]] : at ? [at] : [];
        });
        connection.deliver({ type: 'CURSOR', map, at: packPositions(places), proof: proofOf(map), req });
        return;
      }
    }
    const parts = root === own || from ? {} : { parts: rootsOf(tree) };
    connection.deliver({
      type: 'SYNC_ROOT',
      req,
      map,
      root: own,
      ...this.#place(map),
      ...parts,
      ...this.#maps.policyOf(map),
    });
  }

  merkle(connection: ModelConnection, { req, map, nodes: asked, query }: MerkleReqMessage): void {
    const nodes = asked.slice(0, this.pageNodes);
    const tree = this.#treeOf(connection, map, query);
    const all = this.#maps.rows(map);
    const sent: ModelRow[] = [];
    const bare: (readonly [part: number, rows: number])[] = [];
    const parts = nodes.flatMap((node) => answerNode(tree, ...node));
    for (const [i, [pid, path, form]] of parts.entries()) {
      if (form !== 2) continue;
      const rows = tree.items(pid, path).flatMap(([item]) => all.get(item) ?? []);
      bare.push([i, sent.length]);
      sent.push(...rows);
    }
    const { rows, ...tables } = this.#bulk(sent);
    bare.forEach(([i, from], at) => {
      const [pid, path] = parts[i] as MerklePart;
      parts[i] = [pid, path, 2, rows.slice(from, bare[at + 1]?.[1])];
    });
    const root = tree.rootHash();
    const answered = { req, map, root, done: nodes.length, ...tables, ...(query && { query }) };
    connection.deliver({ type: 'MERKLE_RESP', ...answered, parts });
  }

  sendRows(connection: ModelConnection, { req, map, items, query }: RowsReqMessage): void {
    const tree = this.#treeOf(connection, map, query);
    const rows = this.#maps.rows(map);
    let done = 0;
    const found = items.flatMap(([pid, path, digests]) => {
      const asked = unpackHashes(digests);
      done += asked.length;
      return tree.items(pid, path).flatMap(([item, digest]) => {
        return asked.includes(shortHash(digest)) ? (rows.get(item) ?? []) : [];
      });
    });
    const root = tree.rootHash();
    const answered = { req, map, root, done, ...(query && { query }) };
    connection.deliver({ type: 'ROWS_RESP', ...answered, ...this.#bulk(found) });
  }

  /** A fresh cursor for whoever follows the map. */
  tellCursor(connections: Iterable<ModelConnection>, map: string): void {
    const at = packPositions(this.#maps.places());
    for (const connection of connections)
      connection.deliver({ type: 'CURSOR', map, at, proof: proofOf(map) });
  }

  #treeOf(connection: ModelConnection, map: string, query: string | undefined): PartitionedTree {
    return query === undefined ? this.#maps.tree(map) : this.treeOfQuery(connection, query);
  }

  #place(map: string): { readonly at: Uint8Array; readonly proof?: Uint8Array } {
    const at = packPositions(this.#maps.places());
    return this.hasCursors ? { at, proof: proofOf(map) } : { at };
  }

  #bulk(rows: readonly ModelRow[]): BulkTables & { readonly rows: readonly BulkRow[] } {
    const nodes: string[] = [];
    this.#maps.sent(rows.length);
    const packed = rows.map((row): BulkRow => this.#maps.wire(row, nodes));
    return { epoch: this.#maps.places()[0]?.[1] ?? 0, t: 0, nodes, shapes: [], rows: packed };
  }
}

/** The digests of rows by item; deletions have none. */
export function treeOf(rows: ReadonlyMap<string, ModelRow>): PartitionedTree {
  const tree = new PartitionedTree();
  for (const [item, row] of rows) {
    if ((row.form & 1) === 1) continue;
    const digest = itemDigest(row.key, row.t, row.node, row.ttlMs, hashValue(row.value), row.tag);
    tree.update(partitionOf(row.key), item, digest);
  }
  return tree;
}

/** The hashes of all partitions. */
export const rootsOf = (tree: PartitionedTree): Uint8Array =>
  packHashes(Array.from({ length: PARTITION_COUNT }, (_, pid) => tree.partitionRoot(pid)));

/** What is to be said of a node; where rows are to be sent, their list is still empty. */
function answerNode(
  tree: PartitionedTree,
  pid: number,
  path: string,
  hashes: Uint8Array | null,
): MerklePart[] {
  const items = (at: string): Uint8Array => packHashes(tree.items(pid, at).map(([, digest]) => digest));
  if (hashes === null) return [[pid, path, 2, []]];
  if (path.length === PATH_DIGITS_MAX) return [[pid, path, 1, items(path)]];
  const theirs = unpackHashes(hashes);
  return childHashes(tree, pid, path).flatMap((hash, digit): MerklePart[] => {
    const at = path + digit.toString(16);
    if (shortHash(hash) === theirs[digit]) return [];
    const count = tree.countUnder(pid, at);
    if (theirs[digit] === 0 && count > 0) return [[pid, at, 2, []]];
    const isList = count <= LEAF_ITEMS || at.length === PATH_DIGITS_MAX;
    return [isList ? [pid, at, 1, items(at)] : [pid, at, 0, packHashes(childHashes(tree, pid, at))]];
  });
}

function childHashes(tree: PartitionedTree, pid: number, path: string): number[] {
  const hashes = new Array<number>(16).fill(0);
  for (const [digit, hash] of tree.children(pid, path)) hashes[digit] = hash;
  return hashes;
}

/** Good for one map only, as a proof is. */
const proofOf = (map: string): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, i) => (map.charCodeAt(i) || 0) % 256);

/** The places of a cursor for this map. */
function placesIn(map: string, cursor: Uint8Array | undefined): Map<number, Position> | undefined {
  if (!cursor || cursor.subarray(-16).join() !== proofOf(map).join()) return undefined;
  const places = unpackPositions(cursor.subarray(0, -16)) ?? [];
  return new Map(places.map((place) => [place[0], place]));
}
