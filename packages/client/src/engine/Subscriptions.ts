import { hashValue, type QuerySpec } from '@topgun/core';
import {
  type ClientMessage,
  type ErrorMessage,
  LIMITS,
  QUERY_CHANGE,
  type QueryRespMessage,
  type QueryUpdateMessage,
} from '@topgun/protocol';
import type { Replica } from './Replica.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { type BaseRow, compareOffsets, isGone, itemOf, rowFromWire } from './rows.js';
import { isRetriable } from './wireErrors.js';

export interface SubscriptionPorts {
  send(message: ClientMessage): void;
  monoMs(): number;
  retry(query: string): void;
  /** A query was answered or refused. */
  answered(): void;
}

interface Subscription {
  readonly map: string;
  readonly spec: QuerySpec;
  /** Version of the last message; undefined before the first answer is whole. */
  v: number | undefined;
  askedAtMs: number | undefined;
  isRefused: boolean;
  /** Items that stood on this query's account when it was asked, and are not in the answer so far. */
  stale: Set<string>;
}

/** The same question has the same name on every tab, connection and start, so rows held from before are found again. */
export const queryName = (map: string, spec: QuerySpec): string => String(hashValue([map, { ...spec }]));

/**
 * The server's live queries on maps without a whole-map scope. Their rows go into base, each with the queries that hold
 * it; a row leaves with its last hold (DEV-3). Every connection asks anew, and the answer replaces what the query held.
 *
 * Rows of a closed query stay for a while, so that an app finds them when it comes back to a page, offline too.
 */
export class Subscriptions {
  readonly #byName = new Map<string, Subscription>();
  readonly #closed = new Map<string, string>();
  readonly #ports: SubscriptionPorts;
  readonly #replica: Replica;
  #isOpen = false;

  constructor(ports: SubscriptionPorts, replica: Replica) {
    this.#ports = ports;
    this.#replica = replica;
  }

  get isSettled(): boolean {
    return [...this.#byName.values()].every((query) => query.v !== undefined || query.isRefused);
  }

  get answered(): readonly string[] {
    return [...this.#byName].flatMap(([name, query]) => (query.v === undefined ? [] : [name]));
  }

  get waitingSinceMs(): number | undefined {
    for (const { askedAtMs } of this.#byName.values()) if (askedAtMs !== undefined) return askedAtMs;
    return undefined;
  }

  isOn(map: string): boolean {
    return [...this.#byName.values()].some((query) => query.map === map);
  }

  /** Keeps subscriptions to exactly these questions. */
  want(questions: ReadonlyMap<string, readonly [map: string, spec: QuerySpec]>): void {
    for (const [name, { map }] of this.#byName) {
      if (questions.has(name)) continue;
      this.#byName.delete(name);
      this.#closed.set(name, map);
      if (this.#isOpen) this.#ports.send({ type: 'QUERY_UNSUB', query: name });
    }
    for (const [name, [map, spec]] of questions) {
      this.#closed.delete(name);
      if (this.#byName.has(name)) continue;
      this.#byName.set(name, { map, spec, v: undefined, askedAtMs: undefined, isRefused: false, stale: new Set() });
      if (this.#isOpen) this.ask(name);
    }
    for (const [name, map] of this.#closed) {
      if (this.#closed.size <= LIMITS.retainedQueries) break;
      this.#closed.delete(name);
      this.#releaseAll(map, name);
    }
  }

  open(): void {
    this.#isOpen = true;
    for (const name of this.#byName.keys()) this.ask(name);
  }

  close(): void {
    this.#isOpen = false;
    for (const query of this.#byName.values()) {
      query.v = undefined;
      query.askedAtMs = undefined;
      query.isRefused = false;
    }
  }

  /** Subscribes, or subscribes again. */
  ask(name: string): void {
    const query = this.#byName.get(name);
    if (!query || !this.#isOpen) return;
    query.v = undefined;
    query.askedAtMs = this.#ports.monoMs();
    query.stale = new Set();
    for (const [item, row] of this.#replica.maps.get(query.map)?.base ?? []) {
      // Nobody holds what was folded in from own writes; the answer decides about that, too.
      if (row.holds.length === 0 || row.holds.includes(name)) query.stale.add(item);
    }
    this.#ports.send({ type: 'QUERY_SUB', query: name, map: query.map, ...query.spec });
  }

  answer(message: QueryRespMessage): void {
    const query = this.#byName.get(message.query);
    if (!query || query.v !== undefined) return;
    query.askedAtMs = message.last ? undefined : this.#ports.monoMs();
    for (const [, epoch, change] of message.rows) {
      const row = rowFromWire(change, message.nodes, epoch);
      query.stale.delete(itemOf(row));
      this.#hold(query.map, message.query, row);
    }
    if (!message.last) return;
    const map = this.#replica.maps.get(query.map);
    if (map) for (const item of query.stale) release(map, item, message.query);
    query.v = message.v;
    this.#ports.answered();
  }

  update(message: QueryUpdateMessage): void {
    const query = this.#byName.get(message.query);
    if (query?.v === undefined) return;
    if (message.v !== query.v + 1) {
      this.#ports.send({ type: 'QUERY_UNSUB', query: message.query });
      this.ask(message.query);
      return;
    }
    query.v = message.v;
    for (const [kind, , epoch, change] of message.changes) {
      const row = rowFromWire(change, message.nodes, epoch);
      const map = this.#replica.of(query.map, row);
      if (kind !== QUERY_CHANGE.LEAVE) this.#hold(query.map, message.query, row);
      else if (isGone(row)) map.accept(row);
      else release(map, itemOf(row), message.query);
    }
  }

  /** An error about a query; false when it is about something else. */
  error(message: ErrorMessage): boolean {
    const query = this.#byName.get(message.ref ?? '');
    if (!query || message.ref === undefined) return false;
    if (message.code === 'RESYNC') this.ask(message.ref);
    else if (isRetriable(message.code)) this.#ports.retry(message.ref);
    else {
      query.isRefused = true;
      query.askedAtMs = undefined;
      if (message.code === 'DENIED') this.#releaseAll(query.map, message.ref);
      this.#ports.answered();
    }
    return true;
  }

  #hold(mapName: string, name: string, row: BaseRow): void {
    const map = this.#replica.of(mapName, row);
    const known = map.known(itemOf(row));
    if (isGone(row)) return map.accept(row);
    const holds = known?.holds ?? [];
    const order = known ? compareOffsets(row, known) : 1;
    const isHeld = holds.includes(name);
    if (order <= 0 && isHeld) return;
    map.put(itemOf(row), { ...(order > 0 || !known ? row : known), holds: isHeld ? holds : [...holds, name] });
  }

  #releaseAll(mapName: string, name: string): void {
    const map = this.#replica.maps.get(mapName);
    if (map) for (const [item, row] of [...map.base]) if (row.holds.includes(name)) release(map, item, name);
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
