import { hashValue, itemDigest, PartitionedTree, partitionOf, rowKey } from '@topgun/core';
import {
  type BulkRow,
  type BulkTables,
  type ChangeRow,
  type ClientMessage,
  encode,
  FORM,
  FORM_COUNT,
  type Kind,
  MERKLE_FORM,
  packHashes,
  type ServerEventMessage,
  shortHash,
  unpackHashes,
  unpackPositions,
} from '@topgun/protocol';
import { childHashes } from '../MerkleAnswer.js';
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
  /** rows that came by cursor */
  delta = 0;
  /** requests of the walk, and their bytes */
  trips = 0;
  sentBytes = 0;
  /** of the last SYNC_ROOT */
  cursor: Uint8Array | undefined;
  readonly #device: TestDevice;
  readonly #map: string;
  readonly #kind: Kind;
  #seen = 0;

  constructor(device: TestDevice, map: string, kind: Kind = 'LWW') {
    this.#device = device;
    this.#map = map;
    this.#kind = kind;
  }

  /** Opens the scope, with the last cursor if it is told to, and repairs until the roots are equal. */
  sync(useCursor = false): void {
    let cursor = useCursor ? this.cursor : undefined;
    for (let round = 0; round < 200; round++) {
      const before = this.#device.all('SYNC_DELTA').length;
      const more = this.#device.all('CURSOR').length;
      const root = this.#device.syncInit(this.#map, this.#kind, this.tree().rootHash(), cursor);
      for (const delta of this.#device.all('SYNC_DELTA').slice(before)) {
        this.delta += delta.rows.length;
        for (const row of delta.rows) this.#takeBulk(row, delta);
      }
      const next = this.#device.all('CURSOR').slice(more).at(-1);
      if (next !== undefined) cursor = Uint8Array.of(...next.at, ...next.proof);
      if (root === undefined && next !== undefined) continue;
      if (root === undefined) throw new Error(`no SYNC_ROOT for ${this.#map}`);
      this.#seen = this.#device.all('SERVER_EVENT').length;
      this.to.clear();
      for (const [pid, epoch, n] of unpackPositions(root.at) ?? []) this.to.set(pid, [epoch, n]);
      this.cursor = root.proof && Uint8Array.of(...root.at, ...root.proof);
      if (root.root === this.tree().rootHash()) return;
      cursor = undefined;
      if (root.parts === undefined) continue;
      const tree = this.tree();
      const wanted: [number, string][] = [];
      unpackHashes(root.parts).forEach((hash, pid) => {
        if (hash !== shortHash(tree.partitionRoot(pid))) wanted.push([pid, '']);
      });
      this.#walk(wanted);
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

  #takeBulk([form, key, n, dt, node, value, ...rest]: BulkRow, tables: BulkTables): void {
    const shape = tables.shapes[Math.floor(form / FORM_COUNT) - 1];
    const fields = value as readonly unknown[];
    const whole = shape ? Object.fromEntries(shape.map((name, i) => [name, fields[i]])) : value;
    const plain = [form % FORM_COUNT, key, n, tables.t + dt, node, whole, ...rest];
    this.#take(plain as unknown as ChangeRow, tables.nodes);
  }

  #walk(open: [pid: number, path: string][]): void {
    let wanted = open;
    const fetch: [number, string, number][] = [];
    for (let round = 0; wanted.length > 0 || fetch.length > 0; round++) {
      if (round > WALK_ROUNDS_MAX) throw new Error('the walk does not end');
      this.trips++;
      if (wanted.length > 0) wanted = this.#ask(wanted, fetch);
      else this.#askRows(fetch);
    }
  }

  #ask(wanted: [number, string][], fetch: [number, string, number][]): [number, string][] {
    const tree = this.tree();
    const nodes = wanted.slice(0, 1024).map(([pid, path]) => {
      const children = tree.nodeHash(pid, path) === 0 ? null : packHashes(childHashes(tree, pid, path));
      return [pid, path, children] as const;
    });
    this.#send({ type: 'MERKLE_REQ', req: this.#device.nextReq, map: this.#map, nodes });
    const reply = this.#device.last('MERKLE_RESP');
    if (reply === undefined || reply.done === 0) throw new Error('an empty answer to MERKLE_REQ');
    const next = wanted.slice(reply.done);
    for (const part of reply.parts) {
      const [pid, path] = part;
      const own = tree.items(pid, path);
      if (part[2] === MERKLE_FORM.CHILDREN) {
        const theirs = childHashes(tree, pid, path).map(shortHash);
        unpackHashes(part[3]).forEach((hash, digit) => {
          if (hash !== theirs[digit]) next.push([pid, path + digit.toString(16)]);
        });
      } else if (part[2] === MERKLE_FORM.ITEMS) {
        const digests = unpackHashes(part[3]);
        const held = new Set(own.map(([, digest]) => shortHash(digest)));
        for (const digest of digests) if (!held.has(digest)) fetch.push([pid, path, digest]);
        for (const [item, digest] of own) if (!digests.includes(shortHash(digest))) this.rows.delete(item);
      } else {
        for (const [item] of own) this.rows.delete(item);
        const rows = part[3] as readonly BulkRow[];
        this.fetched += rows.length;
        for (const row of rows) this.#takeBulk(row, reply);
      }
    }
    return next;
  }

  #send(message: ClientMessage): void {
    this.sentBytes += encode(message).length;
    this.#device.send(message);
  }

  #askRows(open: [number, string, number][]): void {
    const asked = open.slice(0, 1000);
    const items = asked.map(([pid, path, digest]) => [pid, path, packHashes([digest])] as const);
    this.#send({ type: 'ROWS_REQ', req: this.#device.nextReq, map: this.#map, items });
    const reply = this.#device.last('ROWS_RESP');
    if (reply === undefined || reply.done === 0) throw new Error('an empty answer to ROWS_REQ');
    this.fetched += reply.rows.length;
    for (const row of reply.rows) this.#takeBulk(row, reply);
    open.splice(0, reply.done);
  }
}
