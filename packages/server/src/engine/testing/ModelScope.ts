import {
  compareChildren,
  compareItems,
  compareRoots,
  hashValue,
  itemDigest,
  PartitionedTree,
  partitionOf,
  rowKey,
} from '@topgun/core';
import {
  type ChangeRow,
  FORM,
  type Kind,
  MERKLE_FORM,
  type MerkleReqMessage,
  type ServerEventMessage,
} from '@topgun/protocol';
import type { TestDevice } from './TestDevice.js';

interface ModelRow {
  readonly row: ChangeRow;
  readonly node: string;
}

const WALK_ROUNDS_MAX = 200;

/** A plain client of one whole-map scope: what it was told, its place per partition, and the walk, in the fewest words. */
export class ModelScope {
  readonly rows = new Map<string, ModelRow>();
  readonly to = new Map<number, readonly [epoch: number, n: number]>();
  /** rows that the walk brought */
  fetched = 0;
  readonly #device: TestDevice;
  readonly #map: string;
  readonly #kind: Kind;
  #seen = 0;

  constructor(device: TestDevice, map: string, kind: Kind = 'LWW') {
    this.#device = device;
    this.#map = map;
    this.#kind = kind;
  }

  /** Opens the scope and repairs until the roots are equal. */
  sync(): void {
    for (let round = 0; round < 3; round++) {
      const tree = this.tree();
      const root = this.#device.syncInit(this.#map, this.#kind, tree.rootHash());
      if (root === undefined) throw new Error(`no SYNC_ROOT for ${this.#map}`);
      this.#seen = this.#device.all('SERVER_EVENT').length;
      this.to.clear();
      for (const [pid, epoch, n] of root.at) this.to.set(pid, [epoch, n]);
      if (root.root === tree.rootHash()) return;
      this.#walk(compareRoots(tree, root.parts ?? []).map((pid) => [pid, '']));
    }
    throw new Error('the walk does not end in equal roots');
  }

  /** Applies the deltas that came since, checking the chain. */
  follow(): void {
    const events = this.#device.all('SERVER_EVENT');
    for (const event of events.slice(this.#seen)) if (event.map === this.#map) this.#apply(event);
    this.#seen = events.length;
  }

  tree(): PartitionedTree {
    const tree = new PartitionedTree();
    for (const [item, { row, node }] of this.rows) {
      const [, key, , t, , value, ttlMs, tag] = row;
      const digest = itemDigest(key, t, node, ttlMs ?? undefined, hashValue(value), tag ?? undefined);
      tree.update(partitionOf(key), item, digest);
    }
    return tree;
  }

  values(): Record<string, unknown> {
    return Object.fromEntries([...this.rows].map(([item, { row }]) => [item, row[5]]));
  }

  #apply({ parts, nodes }: ServerEventMessage): void {
    for (const [pid, fromEpoch, fromN, epoch, n, rows] of parts) {
      const [atEpoch, atN] = this.to.get(pid) ?? [0, 0];
      if (atEpoch !== fromEpoch || atN !== fromN) throw new Error(`gap in partition ${pid}`);
      this.to.set(pid, [epoch, n]);
      for (const row of rows) this.#take(row, nodes);
    }
  }

  #take(row: ChangeRow, nodes: readonly string[]): void {
    const [form, key, , , node, , , tag] = row;
    const item = typeof tag === 'string' ? rowKey(key, tag) : key;
    if (form === FORM.LWW_GONE || form === FORM.OR_GONE) this.rows.delete(item);
    else this.rows.set(item, { row, node: nodes[node] ?? '' });
  }

  #walk(open: [pid: number, path: string][]): void {
    let wanted = open;
    const fetch: [number, string][] = [];
    for (let round = 0; wanted.length > 0 || fetch.length > 0; round++) {
      if (round > WALK_ROUNDS_MAX) throw new Error('the walk does not end');
      if (wanted.length > 0) wanted = this.#ask(wanted, fetch);
      else this.#fetch(fetch);
    }
  }

  #ask(wanted: [number, string][], fetch: [number, string][]): [number, string][] {
    const tree = this.tree();
    const asked = wanted.slice(0, 1024);
    const nodes: MerkleReqMessage['nodes'] = asked.map(([pid, path]) => [
      pid,
      path,
      tree.nodeHash(pid, path),
    ]);
    this.#device.send({ type: 'MERKLE_REQ', req: this.#device.nextReq, map: this.#map, nodes });
    const reply = this.#device.last('MERKLE_RESP');
    if (reply === undefined || reply.parts.length === 0) throw new Error('an empty answer to MERKLE_REQ');
    const next = [...wanted];
    for (const part of reply.parts) {
      const [pid, path] = part;
      this.#place(pid, part[2], part[3]);
      next.splice(
        next.findIndex(([p, at]) => p === pid && at === path),
        1,
      );
      if (part[4] === MERKLE_FORM.CHILDREN) {
        for (const below of compareChildren(tree, pid, path, part[5])) next.push([pid, below]);
      } else if (part[4] === MERKLE_FORM.ITEMS) {
        const { fetch: missing, drop } = compareItems(tree, pid, path, part[5]);
        for (const item of missing) fetch.push([pid, item]);
        for (const item of drop) this.rows.delete(item);
      } else {
        this.fetched += part[5].length;
        for (const row of part[5]) this.#take(row, reply.nodes);
      }
    }
    return next;
  }

  #fetch(open: [number, string][]): void {
    this.#device.send({
      type: 'ROWS_REQ',
      req: this.#device.nextReq,
      map: this.#map,
      items: open.slice(0, 1000),
    });
    const reply = this.#device.last('ROWS_RESP');
    if (reply === undefined || reply.parts.length === 0) throw new Error('an empty answer to ROWS_REQ');
    for (const [pid, epoch, n, rows, gone] of reply.parts) {
      this.#place(pid, epoch, n);
      this.fetched += rows.length;
      for (const row of rows) this.#take(row, reply.nodes);
      const answered = new Set([
        ...gone,
        ...rows.map(([, key, , , , , , tag]) => (tag ? rowKey(key, tag) : key)),
      ]);
      for (const item of gone) this.rows.delete(item);
      for (let i = open.length - 1; i >= 0; i--) if (answered.has(open[i]?.[1] ?? '')) open.splice(i, 1);
    }
  }

  #place(pid: number, epoch: number, n: number): void {
    const [atEpoch, atN] = this.to.get(pid) ?? [0, 0];
    if (epoch !== atEpoch || n !== atN) throw new Error(`partition ${pid} answered at another place`);
  }
}
