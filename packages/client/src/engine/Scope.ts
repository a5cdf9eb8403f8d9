import { compareChildren, compareItems, compareRoots } from '@topgun/core';
import {
  type ClientMessage,
  type ErrorCode,
  type GcPruneMessage,
  MERKLE_FORM,
  type MerkleRespMessage,
  type RowsRespMessage,
  type ServerEventMessage,
  type SyncRootMessage,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { Feed } from './Feeds.js';
import type { Realm } from './Realm.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { type BaseRow, compareOffsets, itemOf, type Offset, rowFromWire } from './rows.js';

/** What the server says about one map. */
export type ScopeMessage =
  | SyncRootMessage
  | MerkleRespMessage
  | RowsRespMessage
  | ServerEventMessage
  | GcPruneMessage;

type WithoutReq<M> = M extends unknown ? Omit<M, 'req'> : never;

const START: Offset = { epoch: 0, n: 0 };

/**
 * One whole-map scope on one connection: brings base to what the server has, proves it, and follows from there.
 *
 * SYNC_INIT presents the live root of base. Equal roots: complete. Otherwise a Merkle walk goes down where hashes differ,
 * item digests before rows, and collects what to put and what to drop; at the end all of it changes base in one step and
 * one transaction (RES-5), and SYNC_INIT verifies. Deltas are chained by position per partition and go on during the
 * walk; items they touch are left out of the swap. A gap in the chain starts over, which is the same repair (RES-2).
 *
 * The server sends pending deltas before it answers, so an answer stands at exactly the position this side has reached.
 * One that does not is not used.
 */
export class Scope implements Feed {
  readonly map: ReplicaMap;
  readonly #realm: Realm;
  readonly #nextReq: () => number;
  readonly #retryLater: () => void;
  /** Last position by partition; undefined until the server named them. */
  #to: Map<number, Offset> | undefined;
  #rounds = 0;
  #nodes = new Map<string, readonly [pid: number, path: string]>();
  #items = new Map<string, number>();
  /** How far deltas reached that came before there was a position to put them at, by partition. */
  readonly #early = new Map<number, Offset>();
  readonly #swap = new Map<string, BaseRow | undefined>();
  readonly #touched = new Set<string>();
  askedAtMs: number | undefined;
  req = 0;
  isComplete = false;
  isRefused = false;

  /** The walk is over, and what it found waits to be swapped in (RES-6). */
  isReady = false;

  /** `retryLater` is called when the repair does not get there. */
  constructor(realm: Realm, map: ReplicaMap, nextReq: () => number, retryLater: () => void) {
    this.#realm = realm;
    this.map = map;
    this.#nextReq = nextReq;
    this.#retryLater = retryLater;
  }

  get ref(): string {
    return this.map.name;
  }

  /** Where the complete scope is in a partition. */
  position(pid: number): Offset | undefined {
    return this.isComplete ? (this.#to?.get(pid) ?? START) : undefined;
  }

  /** Opens the scope, or checks it again from the start. */
  ask(): void {
    this.isComplete = false;
    this.#stopWalk();
    this.#request({
      type: 'SYNC_INIT',
      map: this.map.name,
      kind: this.map.kind,
      root: this.map.tree().rootHash(),
    });
  }

  /** The connection is gone: nothing is known of the server's position any more. */
  close(): void {
    this.isComplete = false;
    this.isRefused = false;
    this.#to = undefined;
    this.#early.clear();
    this.req = 0;
    this.#rounds = 0;
    this.askedAtMs = undefined;
    this.#stopWalk();
  }

  /** The scope stays closed. What this user may not read (any more) leaves the device; pending ops stay. */
  refuse(code: ErrorCode): void {
    this.close();
    this.isRefused = true;
    if (code !== 'DENIED') return;
    for (const item of [...this.map.base.keys()]) this.map.put(item, undefined);
  }

  message(message: ScopeMessage): void {
    if (message.type === 'SYNC_ROOT') this.#root(message);
    else if (message.type === 'MERKLE_RESP') this.#merkle(message);
    else if (message.type === 'ROWS_RESP') this.#rows(message);
    else if (message.type === 'SERVER_EVENT') this.#event(message);
    else this.#prune(message);
  }

  #root(message: SyncRootMessage): void {
    if (message.req !== this.req) return;
    this.askedAtMs = undefined;
    this.#to = new Map(message.at.map(([pid, epoch, n]) => [pid, { epoch, n }]));
    // A delta that came before this answer and reaches beyond it: the transport has turned them round, and the delta is lost.
    const isOvertaken = [...this.#early].some(([pid, to]) => this.#order(pid, to) > 0);
    this.#early.clear();
    if (isOvertaken) return this.ask();
    for (const [pid, to] of this.#to) this.map.passed(pid, to);
    const tree = this.map.tree();
    if (message.root === tree.rootHash()) {
      this.isComplete = true;
      this.#rounds = 0;
      this.#realm.touch();
      return;
    }
    if (++this.#rounds > LIMITS.syncRounds) {
      this.#rounds = 0;
      this.#retryLater();
      return;
    }
    if (!message.parts) this.ask();
    else {
      for (const pid of compareRoots(tree, message.parts)) this.#wantNode(pid, '');
      this.#next();
    }
  }

  /** Deltas: applied where they continue the chain, ignored where they are old, a new start where one is missing. */
  #event(message: ServerEventMessage): void {
    if (!this.#to) {
      for (const [pid, , , epoch, n] of message.parts) this.#early.set(pid, { epoch, n });
      return;
    }
    for (const [pid, fromEpoch, fromN, epoch, n, rows] of message.parts) {
      const at = this.#to.get(pid) ?? START;
      const to = { epoch, n };
      if (compareOffsets(at, { epoch: fromEpoch, n: fromN }) !== 0) {
        if (compareOffsets(to, at) <= 0) continue;
        this.#to = undefined;
        return this.ask();
      }
      for (const change of rows) {
        const row = rowFromWire(change, message.nodes, epoch);
        this.touch(itemOf(row));
        this.map.accept(row);
      }
      this.#advance(pid, to);
    }
  }

  /** What the server pruned was gone before: an idle, complete scope only moves its position (GC-4). */
  #prune({ at }: GcPruneMessage): void {
    if (!this.isComplete) return;
    for (const [pid, epoch, n] of at)
      if (this.#order(pid, { epoch, n }) > 0) this.#advance(pid, { epoch, n });
  }

  /** An item changed by a delta or an answer: the running walk must not overwrite it. */
  touch(item: string): void {
    if (!this.isComplete) this.#touched.add(item);
  }

  #merkle(message: MerkleRespMessage): void {
    if (message.req !== this.req || !this.#to) return;
    this.askedAtMs = undefined;
    const tree = this.map.tree();
    for (const [pid, path, epoch, n, form, list] of message.parts) {
      if (!this.#nodes.has(`${pid}/${path}`)) continue;
      const order = this.#order(pid, { epoch, n });
      if (order > 0) return this.ask();
      if (order < 0) continue;
      this.#nodes.delete(`${pid}/${path}`);
      if (form === MERKLE_FORM.CHILDREN) {
        for (const child of compareChildren(tree, pid, path, list)) this.#wantNode(pid, child);
      } else if (form === MERKLE_FORM.ITEMS) {
        const { fetch, drop } = compareItems(tree, pid, path, list);
        for (const item of fetch) this.#items.set(item, pid);
        for (const item of drop) this.#swap.set(item, undefined);
      } else {
        for (const [item] of tree.items(pid, path)) this.#swap.set(item, undefined);
        for (const change of list) this.#collect(rowFromWire(change, message.nodes, epoch));
      }
    }
    this.#next();
  }

  #rows(message: RowsRespMessage): void {
    if (message.req !== this.req || !this.#to) return;
    this.askedAtMs = undefined;
    for (const [pid, epoch, n, rows, gone] of message.parts) {
      const order = this.#order(pid, { epoch, n });
      if (order > 0) return this.ask();
      if (order < 0) continue;
      for (const change of rows) this.#collect(rowFromWire(change, message.nodes, epoch));
      for (const item of gone) {
        this.#items.delete(item);
        this.#swap.set(item, undefined);
      }
    }
    this.#next();
  }

  #order(pid: number, position: Offset): number {
    return compareOffsets(position, this.#to?.get(pid) ?? START);
  }

  #advance(pid: number, to: Offset): void {
    this.#to?.set(pid, to);
    this.map.passed(pid, to);
  }

  #wantNode(pid: number, path: string): void {
    this.#nodes.set(`${pid}/${path}`, [pid, path]);
  }

  #collect(row: BaseRow): void {
    const item = itemOf(row);
    this.#items.delete(item);
    this.#swap.set(item, row);
  }

  /** Asks for what is still open in the walk, or ends it. */
  #next(): void {
    const { name } = this.map;
    if (this.#nodes.size > 0) {
      const tree = this.map.tree();
      const asked = [...this.#nodes.values()].slice(0, LIMITS.merkleNodesPerRequest);
      const nodes = asked.map(([pid, path]) => [pid, path, tree.nodeHash(pid, path)] as const);
      this.#request({ type: 'MERKLE_REQ', map: name, nodes });
    } else if (this.#items.size > 0) {
      const items = [...this.#items]
        .slice(0, LIMITS.itemsPerRequest)
        .map(([item, pid]) => [pid, item] as const);
      this.#request({ type: 'ROWS_REQ', map: name, items });
    } else this.isReady = true;
  }

  /** Base takes what the walk found. */
  swap(): void {
    for (const [item, row] of this.#swap) if (!this.#touched.has(item)) this.map.put(item, row);
    this.ask();
  }

  #request(message: WithoutReq<Extract<ClientMessage, { readonly req: number }>>): void {
    this.req = this.#nextReq();
    this.askedAtMs = this.#realm.clock.monoMs();
    this.#realm.fx.send({ ...message, req: this.req });
  }

  #stopWalk(): void {
    this.isReady = false;
    this.#nodes.clear();
    this.#items.clear();
    this.#swap.clear();
    this.#touched.clear();
  }
}
