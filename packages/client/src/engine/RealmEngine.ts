import { cloneAdmitted, deepEqual, type QueryPorts, type QuerySpec } from '@topgun/core';
import { OP } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { SyncStateName } from '../SyncStateMachine.js';
import { checkDelta, checkMap, checkWrite } from './checkWrite.js';
import { chunkTags } from './chunkTags.js';
import type { ResultVersion } from './LocalQuery.js';
import type { FinderMaker } from './MapQueries.js';
import type { ResultRow } from './MapRows.js';
import type { WriteExtras } from './OpLog.js';
import { type Reach, reachOf, type Write, type WriteCode } from './PendingOp.js';
import type { Conflict, Kind, OrElement, RejectedWrite, Rejection, StalePolicy, TopicWant } from './ports.js';
import { RealmMachine } from './RealmMachine.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { randomId } from './randomId.js';
import type { RowStep } from './rowSteps.js';

export type { ResultRow as QueryRow } from './MapRows.js';
export type { OrElement } from './ports.js';

/** `complete` once the server's rows are in; before that what the device holds. */
export interface QueryResult {
  readonly rows: readonly ResultRow[];
  readonly status: 'partial' | 'complete';
}

/** Where a result stands. */
export interface QueryProgress {
  /** Equal as long as no row changes; undefined for a query that is not open. */
  readonly version: ResultVersion | undefined;
  /** How it came from the version that was asked about; undefined when not step by step. */
  readonly steps: readonly RowStep[] | undefined;
  readonly status: QueryResult['status'];
}

const NO_ROWS: readonly ResultRow[] = [];
const NO_ENTRIES: readonly (readonly [string, unknown])[] = [];

/** The server sends no more rows of a query than `queryRows`: where more are wanted, others may match (QRY-18). */
const isCutByServer = (limit = Number.POSITIVE_INFINITY, rows: number): boolean =>
  limit > LIMITS.queryRows && rows >= LIMITS.queryRows;

/** A refused write, to be made once more. */
const again = ({ op, map, key, payload, ttlMs }: RejectedWrite): Write => ({
  op: OP[op] as WriteCode,
  map,
  key,
  value: payload ?? undefined,
  ttlMs,
});

/**
 * One realm of the client as a pure machine. The shell calls the inputs, the app side reads and writes at once, with or
 * without store, leader and server; everything that follows comes out as effects (see README.md).
 */
export class RealmEngine extends RealmMachine {
  /** Opens a map and its whole-map scope. Throws `MAP_NAME_INVALID`, or `WRONG_KIND` if the map has another kind. */
  openMap(map: string, kind: Kind): void {
    checkMap(map);
    this.app.openMap(map, kind);
  }

  /** Ends the scope; what the device holds stays. */
  closeMap(map: string): void {
    this.app.closeMap(map);
  }

  get(map: string, key: string): unknown {
    return this.#map(map)?.read(key);
  }

  has(map: string, key: string): boolean {
    const found = this.#map(map);
    return found?.kind === 'OR' ? found.elements(key).length > 0 : found?.read(key) !== undefined;
  }

  /** Sets a value and returns the seq of the write. Throws what `checkWrite` throws, and `WRONG_KIND`; nothing changed then. */
  put(map: string, key: string, value: unknown, ttlMs?: number): number {
    return this.#write(OP.PUT, map, key, checkWrite(map, key, value, ttlMs), ttlMs);
  }

  remove(map: string, key: string): number {
    checkWrite(map, key, true);
    return this.#write(OP.REMOVE, map, key, undefined);
  }

  orAdd(map: string, key: string, value: unknown, ttlMs?: number): number {
    return this.#write(OP.OR_ADD, map, key, checkWrite(map, key, value, ttlMs), ttlMs);
  }

  /** Removes the elements with an equal value that this device sees. */
  orRemove(map: string, key: string, value: unknown): number {
    const wanted = checkWrite(map, key, value);
    const seen = this.orGet(map, key).flatMap(({ tag, value }) => (deepEqual(value, wanted) ? [tag] : []));
    if (!this.isBooted) return this.#write(OP.OR_REMOVE, map, key, seen, undefined, { wanted });
    const seqs = chunkTags(seen).map((tags, i) =>
      this.#write(OP.OR_REMOVE, map, key, tags, undefined, { isMore: i > 0 }),
    );
    return seqs.at(-1) ?? this.realm.log.skip();
  }

  /** Elements in the order of their stamps; the same array until one comes or goes. */
  orGet(map: string, key: string): readonly OrElement[] {
    return this.#map(map, 'OR')?.elements(key) ?? [];
  }

  /** Adds to the counter `name`, which is the key `name` of the map `name`. Throws `COUNTER_INVALID` for no safe integer. */
  increment(name: string, delta: number): number {
    checkDelta(name, delta);
    return delta === 0 ? this.realm.log.skip() : this.#write(OP.INCREMENT, name, name, delta);
  }

  counterValue(name: string): number {
    return this.#map(name, 'PN')?.total(name) ?? 0;
  }

  /**
   * Makes one op of several writes, which are checked by the caller, and returns its seq; without writes it counts as answered. An OR_REMOVE
   * brings the value it is about as `wanted`. Throws `WRONG_KIND`, and nothing changed then.
   */
  transact(writes: readonly Write[]): number {
    if (writes.length === 0) return this.realm.log.skip();
    // The tags that were seen are all there is to say, unless the store may hold more.
    const made = this.isBooted ? writes.map(({ wanted, ...write }): Write => write) : writes;
    const seq = this.realm.log.transact(made);
    for (const { map } of writes) this.app.storeKind(map);
    this.realm.touch();
    return seq;
  }

  /** Whether the store is loaded, so that what is seen of an OR map is all that is to be removed. */
  get isLoaded(): boolean {
    return this.isBooted;
  }

  /** What kind of data a map holds, if anything of it is known here. */
  kindOf(map: string): Kind | undefined {
    return this.#map(map)?.kind;
  }

  /** Adds every changed key of a map to `keys` from now on, at once, also while the store is read. Throws `MAP_NAME_INVALID`. */
  watchKeys(map: string, keys: Set<string>): () => void {
    checkMap(map);
    return this.realm.replica.watch(map, keys);
  }

  /** LWW: [key, value]; OR: [key, elements]; PN: [key, number]. The same array until something visible changed. */
  entries(map: string): readonly (readonly [key: string, value: unknown])[] {
    return this.#map(map)?.entries() ?? NO_ENTRIES;
  }

  /** What the queries of this realm are made with. */
  get queryPorts(): QueryPorts | undefined {
    return this.realm.options.queryPorts;
  }

  /** Throws `MAP_NAME_INVALID`. The spec is trusted; core's `normalizeQuery` checks what an app asks for (QRY-1). */
  openQuery(id: string, map: string, spec: QuerySpec): void {
    checkMap(map);
    this.app.queries.open(id, map, spec);
    this.app.changed();
  }

  closeQuery(id: string): void {
    this.app.queries.close(id);
    this.app.changed();
  }

  /** Rows from what the device holds, own writes included; the same array until one of them changes. */
  queryResult(id: string): QueryResult {
    const { status } = this.queryProgress(id, undefined);
    return { rows: this.app.queries.get(id)?.rows() ?? NO_ROWS, status };
  }

  /** What has become of a result, without its rows: to follow a long one costs its steps, to read it a copy of all of it. */
  queryProgress(id: string, since: ResultVersion | undefined): QueryProgress {
    const query = this.app.queries.get(id);
    if (!query) return { version: undefined, steps: undefined, status: 'partial' };
    const answer = this.answerTo(query);
    this.app.queries.lookFor(query, answer);
    const isCut = answer === 'rows' && isCutByServer(query.spec.limit, query.size);
    const status = answer === 'none' || isCut ? 'partial' : 'complete';
    return { version: query.version, steps: query.stepsFrom(since), status };
  }

  /** From now on the rows of a map are found by what is made of them. Throws `MAP_NAME_INVALID`. */
  findBy(map: string, make: FinderMaker): void {
    checkMap(map);
    this.app.queries.findBy(map, make);
  }

  /** Tells what finds the rows of a map of all changes so far. */
  lookAt(map: string): void {
    this.app.queries.look(map);
  }

  /** A place or a number of messages has the topic begin there, also when it is open. Without a state it is the one said last. */
  topicSubscribe(topic: string, { since, last, state }: Omit<TopicWant, 'at' | 'place'> = {}): void {
    const { clock, topics } = this.realm;
    const known = topics.get(topic);
    topics.set(topic, {
      at: Math.max(clock.nowMs(), (known?.at ?? 0) + 1),
      since,
      last,
      place: known?.place,
      state: state === undefined ? known?.state : state,
    });
    this.app.changed();
  }

  topicUnsubscribe(topic: string): void {
    this.realm.topics.delete(topic);
    this.app.changed();
  }

  /** Sends to all other subscribers, other tabs included, at the end of the turn. Returns the id of the message. Throws `VALUE_NOT_ADMITTED`. */
  topicPublish(topic: string, data: unknown, name?: string): string {
    const { clock, options, session: from } = this.realm;
    const id = randomId(options.random, 64);
    const said = {
      type: 'TOPIC_MSG',
      topic,
      data: cloneAdmitted(data),
      from,
      ts: clock.nowMs(),
      id,
    } as const;
    this.unsaid.push(name ? { ...said, name } : said);
    this.unsaid.splice(0, this.unsaid.length - LIMITS.topicQueue);
    this.realm.touch();
    return id;
  }

  /** Writes of all realms of this store that the server has not answered. */
  pendingOps(): number {
    return this.realm.log.size;
  }

  /** Whether the server keeps this map in memory alone, as far as this device has heard (SRV-10). */
  isVolatile(map: string): boolean {
    return this.realm.replica.maps.get(map)?.isVolatile === true;
  }

  /** How far a write of this realm has come; undefined once it is answered. -1: not in the log yet. */
  reach(seq: number): Reach | -1 | undefined {
    const op = this.realm.log.own(seq);
    return op && reachOf(op);
  }

  /** Has the server say when a write of this realm has come this far, if it may still be asked: best in the turn of the write. */
  ask(seq: number, reach: Reach): void {
    this.realm.log.ask(seq, reach);
  }

  /** Calls back when the connection is CONNECTED and no op is pending. */
  whenSynced(cb: () => void): void {
    this.realm.announcer.whenSynced(cb);
    this.realm.touch();
  }

  /** The live root over base: equal to the server's iff base is what the server has (DAT-5). */
  liveRoot(map: string): number {
    return this.#map(map)?.tree().rootHash() ?? 0;
  }

  /** The app's listener has returned: the rejection is not shown again. */
  rejectionShown(id: string): void {
    this.realm.rejections.shown(id);
    this.realm.touch();
  }

  /** What own writes lost, by number in the order of the answers (DEV-8). */
  conflicts(): ReadonlyMap<string, Conflict> {
    return this.realm.conflicts.entries;
  }

  clearConflicts(isMeant: (conflict: Conflict) => boolean): void {
    this.realm.conflicts.clear(isMeant);
  }

  /** What becomes of stale writes, by map; `rebase-creates` where nothing is said (GC-3). */
  get stalePolicies(): Map<string, StalePolicy> {
    return this.realm.rejections.stalePolicies;
  }

  /** Refused writes that wait for the app to decide, the oldest first. */
  parkedWrites(): readonly Rejection[] {
    return this.realm.rejections.parked;
  }

  /** Makes a parked write again and returns its seq; undefined when it is not there any more. */
  reissue(id: string): number | undefined {
    const found = this.realm.rejections.decided(id);
    if (!found) return undefined;
    // Of a transaction: its writes, as they were refused.
    if (found.op === 'TRANSACTION')
      return this.transact((found.payload as readonly RejectedWrite[]).map(again));
    const { op, map, key, value, ttlMs } = again(found);
    return this.#write(op, map, key, value, ttlMs);
  }

  /** Takes a parked write off the list. */
  discard(id: string): void {
    this.realm.rejections.decided(id);
    this.realm.touch();
  }

  /** Drops from memory all that the store held and the app wrote. The shell stores nothing any more. */
  forget(): void {
    const { log, replica, rejections, conflicts } = this.realm;
    for (const op of [...log.ops()]) log.remove(op);
    for (const map of replica.maps.values())
      for (const item of [...map.base.keys()]) replica.load(map.name, item, undefined);
    for (const id of rejections.ids()) rejections.load(id, undefined);
    for (const number of [...conflicts.entries.keys()]) conflicts.load(number, undefined);
    this.realm.touch();
  }

  state(): SyncStateName {
    return this.realm.status.now.state;
  }

  isLeader(): boolean {
    return this.realm.tabs.isLeader;
  }

  #map(name: string, kind?: Kind): ReplicaMap | undefined {
    const map = this.realm.replica.maps.get(name);
    return kind === undefined || map?.kind === kind ? map : undefined;
  }

  #write(
    op: WriteCode,
    map: string,
    key: string,
    value: unknown,
    ttlMs?: number,
    extras?: WriteExtras,
  ): number {
    const seq = this.realm.log.write(op, map, key, value, ttlMs, extras);
    this.app.storeKind(map);
    this.realm.touch();
    return seq;
  }
}
