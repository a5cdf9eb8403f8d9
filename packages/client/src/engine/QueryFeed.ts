import { deepEqual, hashValue, PartitionedTree, type QuerySpec } from '@topgun/core';
import {
  type ErrorCode,
  type MerkleRespMessage,
  QUERY_CHANGE,
  type QueryRespMessage,
  type QueryUpdateMessage,
  type RowsRespMessage,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { Feed } from './Feeds.js';
import type { Realm } from './Realm.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { type BaseRow, compareOffsets, isGone, itemOf, rowFromWire } from './rows.js';
import { Walk } from './Walk.js';

/** What the server says about one query. */
export type QueryMessage = QueryRespMessage | QueryUpdateMessage | MerkleRespMessage | RowsRespMessage;

/** The same question has the same name in every tab, connection and start, so rows held from before are found again. */
export const queryName = (map: string, spec: QuerySpec): string => String(hashValue([map, { ...spec }]));

/** The name in a `ref`. */
export const queryNameOf = (ref: string): string => ref.split('.')[0] ?? '';

/**
 * A live query of the server on a map without whole-map scope. Its rows go into base, each with the queries that hold it; a row leaves
 * with its last hold (DEV-3).
 *
 * Every connection asks anew, with the live root of the rows that are held (RES-4). Equal roots: complete. Otherwise a Merkle walk over
 * the result finds what differs, or its rows come as a whole where they are few. What came changes base in one step with that of the
 * other queries and maps (RES-6). Changes go on meanwhile, chained by version.
 */
export class QueryFeed implements Feed {
  readonly name: string;
  readonly map: string;
  /** What the server calls it. Each asking has a number of its own, so that nothing late can be taken for its answer or end it. */
  ref = '';
  /** Of the last question of the walk. */
  req = 0;
  readonly #spec: QuerySpec;
  readonly #realm: Realm;
  readonly #nextReq: () => number;
  /** Digests of what was held when it was asked. */
  #tree = new PartitionedTree();
  #part = 0;
  /** Version of the last message; undefined before the first answer is whole. */
  #v: number | undefined;
  #walk: Walk | undefined;
  /** The live root of the result where the walk has ended; undefined where all rows came. */
  #proof: number | undefined;
  /** What the last answer said of the map, which may become known with its rows only. */
  #policy: Pick<QueryRespMessage, 'resolver' | 'volatile'> = {};
  #rounds = 0;
  #isAsked = false;
  askedAtMs: number | undefined;
  isComplete = false;
  isReady = false;
  isRefused = false;
  #isPutOff = false;

  constructor(realm: Realm, nextReq: () => number, name: string, map: string, spec: QuerySpec) {
    this.#realm = realm;
    this.#nextReq = nextReq;
    this.name = name;
    this.map = map;
    this.#spec = spec;
  }

  get isEmpty(): boolean {
    return this.#tree.size === 0 && (this.#base?.overlay.isEmpty ?? true);
  }

  /** What the server says of the result is here, or will not come. */
  get isHere(): boolean {
    return this.isComplete || this.isRefused || this.#isPutOff;
  }

  get #base(): ReplicaMap | undefined {
    return this.#realm.replica.maps.get(this.map);
  }

  /** Ends what was asked before on this connection: each asking is a subscription of its own at the server. */
  ask(): void {
    if (this.#isAsked) this.#realm.fx.send({ type: 'QUERY_UNSUB', query: this.ref });
    this.close();
    this.#isAsked = true;
    this.ref = `${this.name}.${this.#nextReq()}`;
    this.askedAtMs = this.#realm.clock.monoMs();
    // From now on base lacks what this query does not ask for.
    this.#realm.replica.keepCursor(this.map, undefined);
    this.#tree = this.#held();
    // Where walk after walk did not get there, all of it is to come.
    const root = this.#rounds > LIMITS.syncRounds ? 0 : this.#tree.rootHash();
    const question = { query: this.ref, map: this.map, ...this.#spec, ...(root > 0 && { root }) };
    this.#realm.fx.send({ type: 'QUERY_SUB', ...question });
  }

  close(): void {
    this.#isAsked = false;
    this.#v = undefined;
    this.#part = 0;
    this.#walk = undefined;
    this.req = 0;
    this.askedAtMs = undefined;
    this.isComplete = false;
    this.isReady = false;
    this.isRefused = false;
    this.#isPutOff = false;
  }

  putOff(): void {
    this.close();
    this.#isPutOff = true;
  }

  /** What this user may not read (any more) leaves the device. */
  refuse(code: ErrorCode): void {
    this.close();
    this.isRefused = true;
    if (code === 'DENIED') this.releaseAll();
  }

  message(message: QueryMessage): void {
    if (message.query !== this.ref) return;
    if (message.type === 'QUERY_RESP') this.#answer(message);
    else if (message.type === 'QUERY_UPDATE') this.#update(message);
    else if (message.req === this.req && this.#walk) {
      if (message.type === 'MERKLE_RESP') this.#walk.merkle(message);
      else this.#walk.rows(message);
      this.#next(message.root);
    }
  }

  #answer(message: QueryRespMessage): void {
    // A second answer: the transport repeated it, or the question, and then the server counts from the start.
    if (this.#v !== undefined || message.part !== this.#part++) return this.ask();
    this.askedAtMs = this.#realm.clock.monoMs();
    const { replica } = this.#realm;
    const { root, parts, last } = message;
    if (this.#base || message.resolver) replica.learn(this.#base ?? replica.set(this.map, 'LWW'), message);
    this.#policy = message;
    if (last) this.#v = message.v;
    if (root !== undefined && !parts) return this.#done();
    this.#walk ??= new Walk(() => this.#tree, parts);
    for (const [, epoch, change] of message.rows) this.#walk.take(rowFromWire(change, message.nodes, epoch));
    if (last) this.#next(root);
  }

  /** Asks for what is still open in the walk, or ends it. */
  #next(root: number | undefined): void {
    const question = this.#walk?.next();
    this.askedAtMs = question && this.#realm.clock.monoMs();
    if (question) {
      this.req = this.#nextReq();
      this.#realm.fx.send({ ...question, req: this.req, map: this.map, query: this.ref });
      return;
    }
    this.#proof = root;
    this.isReady = true;
  }

  swap(): void {
    this.isReady = false;
    this.#walk?.swap((item, row) => {
      const map = this.#base;
      const known = map?.known(item);
      // A row that others hold stays.
      if (map && (row || known?.holds.length === 1)) this.#realm.conflicts.repaired(map, known, row);
      if (row) this.#put(row);
      else if (map) release(map, item, this.name);
    });
    this.#walk = undefined;
    if (this.#base) this.#realm.replica.learn(this.#base, this.#policy);
  }

  prove(): boolean {
    const isEqual = this.#proof === undefined || this.#proof === this.#held().rootHash();
    if (isEqual) this.#done();
    return isEqual;
  }

  again(): void {
    this.#rounds++;
    this.ask();
  }

  /** Base has the result. What nobody holds was left by whole-map scopes, and goes: nobody says when it becomes stale. */
  #done(): void {
    this.askedAtMs = undefined;
    this.isComplete = true;
    this.#rounds = 0;
    const map = this.#base;
    for (const [item, row] of [...(map?.base ?? [])]) if (row.holds.length === 0) map?.put(item, undefined);
    this.#realm.touch();
  }

  /** Changes, chained by version: what comes twice is ignored, a gap asks again. */
  #update(message: QueryUpdateMessage): void {
    const v = this.#v ?? -1;
    if (message.v <= v) return;
    if (message.v > v + 1) return this.ask();
    this.#v = message.v;
    for (const [kind, , epoch, change] of message.changes) {
      const row = rowFromWire(change, message.nodes, epoch);
      this.#walk?.touched.add(row);
      if (kind !== QUERY_CHANGE.LEAVE || isGone(row)) this.#hold(row);
      else this.#leave(row);
    }
  }

  /** Ends all holds of this query. */
  releaseAll(): void {
    const map = this.#base;
    if (map)
      for (const [item, row] of [...map.base])
        if (row.holds.includes(this.name)) release(map, item, this.name);
  }

  /** The row as it is now is news for whoever else holds it, and for own writes that wait: what is older than it has lost, here or not. */
  #leave(row: BaseRow): void {
    const map = this.#realm.replica.of(this.map, row);
    if (map.known(itemOf(row)) || map.overlay.has(row.key)) map.accept(row);
    release(map, itemOf(row), this.name);
  }

  #hold(row: BaseRow): void {
    const map = this.#realm.replica.of(this.map, row);
    if (isGone(row)) return map.accept(row);
    const known = map.known(itemOf(row));
    this.#put(known && compareOffsets(row, known) <= 0 ? known : row);
  }

  /** Base has this row, whatever it had of the item, and this query holds it. */
  #put(row: BaseRow): void {
    const map = this.#realm.replica.of(this.map, row);
    const known = map.known(itemOf(row));
    const holds = known?.holds ?? [];
    const isHeld = holds.includes(this.name);
    if (isHeld && known && isSame(row, known)) return;
    map.put(itemOf(row), { ...row, holds: isHeld ? holds : [...holds, this.name] });
  }

  /** The digests of the rows that this query holds by now. */
  #held(): PartitionedTree {
    const tree = new PartitionedTree();
    const map = this.#base;
    const all = map?.tree();
    for (const [pid] of all?.partitionRoots() ?? [])
      for (const [item, digest] of all?.items(pid, '') ?? [])
        if (map?.known(item)?.holds.includes(this.name)) tree.update(pid, item, digest);
    return tree;
  }
}

const isSame = (a: BaseRow, b: BaseRow): boolean =>
  compareOffsets(a, b) === 0 && a.t === b.t && deepEqual(a.value, b.value);

/** Ends the hold of one query; a row that nobody holds then leaves. */
function release(map: ReplicaMap, item: string, name: string): void {
  const row = map.known(item);
  if (!row) return;
  const holds = row.holds.filter((hold) => hold !== name);
  if (holds.length === 0) map.put(item, undefined);
  else if (holds.length < row.holds.length) map.put(item, { ...row, holds });
}
