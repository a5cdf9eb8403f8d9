import { hashValue, type QuerySpec } from '@topgun/core';
import {
  type ErrorCode,
  QUERY_CHANGE,
  type QueryRespMessage,
  type QueryUpdateMessage,
} from '@topgun/protocol';
import type { Feed } from './Feeds.js';
import type { Realm } from './Realm.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { type BaseRow, compareOffsets, isGone, itemOf, rowFromWire } from './rows.js';

/** The same question has the same name in every tab, connection and start, so rows held from before are found again. */
export const queryName = (map: string, spec: QuerySpec): string => String(hashValue([map, { ...spec }]));

/** The name in a `ref`. */
export const queryNameOf = (ref: string): string => ref.split('.')[0] ?? '';

/**
 * A live query of the server on a map without whole-map scope. Its rows go into base, each with the queries that hold it;
 * a row leaves with its last hold (DEV-3). Every connection asks anew, and the answer replaces what the query held.
 */
export class QueryFeed implements Feed {
  readonly name: string;
  readonly map: string;
  /** What the server calls it. Each asking has a number of its own, so that nothing late can be taken for its answer or end it. */
  ref = '';
  readonly #spec: QuerySpec;
  readonly #realm: Realm;
  readonly #nextReq: () => number;
  #part = 0;
  /** Version of the last message; undefined before the first answer is whole. */
  #v: number | undefined;
  /** Items on this query's account when it was asked, and not in the answer so far. */
  #unseen = new Set<string>();
  askedAtMs: number | undefined;
  isRefused = false;

  constructor(realm: Realm, nextReq: () => number, name: string, map: string, spec: QuerySpec) {
    this.#realm = realm;
    this.#nextReq = nextReq;
    this.name = name;
    this.map = map;
    this.#spec = spec;
  }

  get isComplete(): boolean {
    return this.#v !== undefined;
  }

  ask(): void {
    this.ref = `${this.name}.${this.#nextReq()}`;
    this.#v = undefined;
    this.#part = 0;
    this.askedAtMs = this.#realm.clock.monoMs();
    this.#unseen = new Set();
    // From now on base lacks what this query does not ask for.
    this.#realm.replica.keepCursor(this.map, undefined);
    for (const [item, row] of this.#realm.replica.maps.get(this.map)?.base ?? []) {
      // Nobody holds what was folded in from own writes; the answer decides about that, too.
      if (row.holds.length === 0 || row.holds.includes(this.name)) this.#unseen.add(item);
    }
    this.#realm.fx.send({ type: 'QUERY_SUB', query: this.ref, map: this.map, ...this.#spec });
  }

  close(): void {
    this.#v = undefined;
    this.askedAtMs = undefined;
    this.isRefused = false;
  }

  /** What this user may not read (any more) leaves the device. */
  refuse(code: ErrorCode): void {
    this.close();
    this.isRefused = true;
    if (code === 'DENIED') this.releaseAll();
  }

  message(message: QueryRespMessage | QueryUpdateMessage): void {
    if (message.query !== this.ref) return;
    if (message.type === 'QUERY_RESP') this.#answer(message);
    else this.#update(message);
  }

  #askAgain(): void {
    this.#realm.fx.send({ type: 'QUERY_UNSUB', query: this.ref });
    this.ask();
  }

  #answer(message: QueryRespMessage): void {
    // A second answer: the transport repeated it, or the question, and then the server counts from the start.
    if (this.isComplete || message.part !== this.#part++) return this.#askAgain();
    this.askedAtMs = message.last ? undefined : this.#realm.clock.monoMs();
    const { replica } = this.#realm;
    const found = replica.maps.get(this.map);
    if (found || message.resolver) replica.learn(found ?? replica.set(this.map, 'LWW'), message.resolver);
    for (const [, epoch, change] of message.rows) {
      const row = rowFromWire(change, message.nodes, epoch);
      this.#unseen.delete(itemOf(row));
      this.#hold(row);
    }
    if (!message.last) return;
    const map = this.#realm.replica.maps.get(this.map);
    if (map) for (const item of this.#unseen) release(map, item, this.name);
    this.#v = message.v;
    this.#realm.touch();
  }

  /** Changes, chained by version: what comes twice is ignored, a gap asks again. */
  #update(message: QueryUpdateMessage): void {
    const v = this.#v ?? -1;
    if (message.v <= v) return;
    if (message.v > v + 1) return this.#askAgain();
    this.#v = message.v;
    for (const [kind, , epoch, change] of message.changes) {
      const row = rowFromWire(change, message.nodes, epoch);
      if (kind !== QUERY_CHANGE.LEAVE || isGone(row)) this.#hold(row);
      else this.#leave(row);
    }
  }

  /** Ends all holds of this query. */
  releaseAll(): void {
    const map = this.#realm.replica.maps.get(this.map);
    if (map)
      for (const [item, row] of [...map.base])
        if (row.holds.includes(this.name)) release(map, item, this.name);
  }

  /** The row as it is now is news for whoever else holds it. */
  #leave(row: BaseRow): void {
    const map = this.#realm.replica.of(this.map, row);
    if (map.known(itemOf(row))) map.accept(row);
    release(map, itemOf(row), this.name);
  }

  #hold(row: BaseRow): void {
    const map = this.#realm.replica.of(this.map, row);
    if (isGone(row)) return map.accept(row);
    const known = map.known(itemOf(row));
    const holds = known?.holds ?? [];
    const isHeld = holds.includes(this.name);
    const newer = known && compareOffsets(row, known) <= 0 ? known : row;
    if (newer === known && isHeld) return;
    map.put(itemOf(row), { ...newer, holds: isHeld ? holds : [...holds, this.name] });
  }
}

/** Ends the hold of one query; a row that nobody holds then leaves. */
function release(map: ReplicaMap, item: string, name: string): void {
  const row = map.known(item);
  if (!row) return;
  const holds = row.holds.filter((hold) => hold !== name);
  if (holds.length === 0) map.put(item, undefined);
  else if (holds.length < row.holds.length) map.put(item, { ...row, holds });
}
