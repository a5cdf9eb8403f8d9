import { assertAdmitted, deepEqual, type TopGunError } from '@topgun/core';
import { OP, type ServerMessage } from '@topgun/protocol';
import type { SyncStateName } from '../SyncStateMachine.js';
import type { StoreKey } from '../storage/IStorageAdapter.js';
import { checkDelta, checkMap, checkWrite } from './checkWrite.js';
import type { QueryRequest, ResultRow } from './LocalQueries.js';
import { chunkTags } from './OpLog.js';
import type { ClientEffects, Kind, OrElement, RealmOptions, TabMessage } from './ports.js';
import { Realm } from './Realm.js';

export type { QueryRequest as QuerySpec, ResultRow as QueryRow } from './LocalQueries.js';
export type { OrElement } from './ports.js';

/** `complete` once the server's rows are in; before that what the device holds. */
export interface QueryResult {
  readonly rows: readonly ResultRow[];
  readonly status: 'partial' | 'complete';
}

const NO_ENTRIES: readonly (readonly [string, unknown])[] = [];

/**
 * One realm of the client as a pure machine. The shell calls the inputs, the app side reads and writes at once, with or
 * without store, leader and server; everything that follows comes out as effects (see README.md).
 */
export class RealmEngine {
  /** This realm's id: node id of its clock, and part of the ids of its ops. Drawn anew by every realm (ID-1). */
  readonly session: string;
  readonly #realm: Realm;

  constructor(options: RealmOptions, effects: ClientEffects) {
    this.#realm = new Realm(options, effects);
    this.session = this.#realm.session;
  }

  // ── inputs from the shell ──

  /** Once, after the store is open and the session's Web Lock is held: reads the store. */
  boot(): void {
    this.#realm.storeSide.read();
  }

  txDone(id: number, commit: number): void {
    this.#realm.txDone(id, commit);
  }

  txFailed(id: number, error: unknown): void {
    this.#realm.txFailed(id, error);
  }

  storeRead(id: number, entries: readonly (readonly [StoreKey, unknown])[], commit: number): void {
    this.#realm.storeSide.readDone(id, entries, commit);
  }

  storeReadFailed(id: number, error: unknown): void {
    this.#realm.storeSide.readFailed(id, error);
  }

  /** The store was lost or evicted; what this realm holds is written to it again. */
  storeLost(reason: string): void {
    this.#realm.storeSide.lost(reason, this.#realm.app.kinds);
  }

  lockGranted(): void {
    this.#realm.lockGranted();
  }

  lockLost(): void {
    this.#realm.lockLost();
  }

  /** The realm that had this session is gone. */
  sessionGone(session: string): void {
    this.#realm.sessionGone(session);
  }

  channel(message: TabMessage): void {
    this.#realm.channel(message);
  }

  socketOpened(): void {
    this.#realm.uplink.connection.opened();
  }

  socketMessage(message: ServerMessage): void {
    this.#realm.socketMessage(message);
  }

  socketClosed(code: number): void {
    this.#realm.uplink.connection.closed(code);
  }

  token(value: string | null): void {
    this.#realm.uplink.connection.token(value);
  }

  timer(name: string): void {
    this.#realm.timer(name);
  }

  /** Whether this realm is visible: a visible follower pings the leader and takes over from a silent one. */
  visible(yes: boolean): void {
    this.#realm.tabs.visible(yes);
  }

  // ── app side ──

  /** Opens a map and its whole-map scope. Throws `MAP_NAME_INVALID`, or `WRONG_KIND` if the map has another kind. */
  openMap(map: string, kind: Kind): void {
    checkMap(map);
    this.#realm.app.openMap(map, kind);
  }

  /** Ends the scope; what the device holds stays. */
  closeMap(map: string): void {
    this.#realm.app.closeMap(map);
  }

  get(map: string, key: string): unknown {
    return this.#realm.replica.maps.get(map)?.read(key);
  }

  has(map: string, key: string): boolean {
    const found = this.#realm.replica.maps.get(map);
    return found?.kind === 'OR' ? found.elements(key).length > 0 : found?.read(key) !== undefined;
  }

  /** Sets a value and returns the seq of the write. Throws what `checkWrite` throws, and `WRONG_KIND`; nothing changed then. */
  put(map: string, key: string, value: unknown, ttlMs?: number): number {
    return this.#realm.write(OP.PUT, map, key, checkWrite(map, key, value, ttlMs), ttlMs);
  }

  remove(map: string, key: string): number {
    checkWrite(map, key, true);
    return this.#realm.write(OP.REMOVE, map, key, undefined);
  }

  orAdd(map: string, key: string, value: unknown, ttlMs?: number): number {
    return this.#realm.write(OP.OR_ADD, map, key, checkWrite(map, key, value, ttlMs), ttlMs);
  }

  /** Removes the elements with an equal value that this device sees. */
  orRemove(map: string, key: string, value: unknown): number {
    const wanted = checkWrite(map, key, value);
    if (!this.#realm.isBooted)
      return this.#realm.write(OP.OR_REMOVE, map, key, this.#tagsOf(map, key, wanted), undefined, wanted);
    const seqs = chunkTags(this.#tagsOf(map, key, wanted)).map((tags) =>
      this.#realm.write(OP.OR_REMOVE, map, key, tags),
    );
    return seqs.at(-1) ?? this.#realm.log.skip();
  }

  /** Elements in the order of their stamps; the same array until one comes or goes. */
  orGet(map: string, key: string): readonly OrElement[] {
    const found = this.#realm.replica.maps.get(map);
    return found?.kind === 'OR' ? found.elements(key) : [];
  }

  /** Adds to the counter `name`, which is the key `name` of the map `name`. Throws `COUNTER_INVALID` for no safe integer. */
  increment(name: string, delta: number): number {
    checkDelta(name, delta);
    return delta === 0 ? this.#realm.log.skip() : this.#realm.write(OP.INCREMENT, name, name, delta);
  }

  counterValue(name: string): number {
    const found = this.#realm.replica.maps.get(name);
    return found?.kind === 'PN' ? found.total(name) : 0;
  }

  /** LWW: [key, value]; OR: [key, elements]; PN: [key, number]. The same array until something visible changed. */
  entries(map: string): readonly (readonly [key: string, value: unknown])[] {
    return this.#realm.replica.maps.get(map)?.entries() ?? NO_ENTRIES;
  }

  /** Rises with every visible change of the map. */
  version(map: string): number {
    return this.#realm.replica.maps.get(map)?.version ?? 0;
  }

  /** Throws `PREDICATE_INVALID`, `PREDICATE_OPERATOR_UNKNOWN`, `QUERY_INVALID` or `MAP_NAME_INVALID`. */
  openQuery(id: string, map: string, spec: QueryRequest): void {
    checkMap(map);
    this.#realm.app.openQuery(id, map, spec);
  }

  closeQuery(id: string): void {
    this.#realm.app.closeQuery(id);
  }

  /** Rows from what the device holds, own writes included; the same array until one of them changes. */
  queryResult(id: string): QueryResult {
    const answer = this.#realm.answerTo(id);
    return {
      rows: this.#realm.app.queries.rows(id, answer === 'rows'),
      status: answer === 'none' ? 'partial' : 'complete',
    };
  }

  topicSubscribe(topic: string): void {
    this.#realm.app.subscribe(topic, true);
  }

  topicUnsubscribe(topic: string): void {
    this.#realm.app.subscribe(topic, false);
  }

  /** Sends to all other subscribers, other tabs included. Throws `VALUE_NOT_ADMITTED`. */
  topicPublish(topic: string, data: unknown): void {
    assertAdmitted(data);
    this.#realm.publish(topic, data);
  }

  /** Writes of all realms of this store that the server has not answered. */
  pendingOps(): number {
    return this.#realm.log.size;
  }

  /** Calls back when every write made so far is in the log; with the error when the store refuses them. */
  whenDurable(cb: (error?: TopGunError) => void): void {
    this.#realm.whenDurable(cb);
  }

  /** Calls back when the connection is CONNECTED and no op is pending. */
  whenSynced(cb: () => void): void {
    this.#realm.announcer.whenSynced(cb);
    this.#realm.touch();
  }

  /** Whether the whole map is here and follows the server. */
  isSynced(map: string): boolean {
    return this.#realm.isSynced(map);
  }

  /** The live root over base: equal to the server's iff base is what the server has (DAT-5). */
  liveRoot(map: string): number {
    return this.#realm.replica.maps.get(map)?.tree().rootHash() ?? 0;
  }

  /** The app's listener has returned: the rejection is not shown again. */
  rejectionShown(id: string): void {
    this.#realm.rejections.shown(id);
    this.#realm.touch();
  }

  /** Connects as soon as this realm is the leader, or has the leader connect. */
  start(): void {
    this.#realm.start();
  }

  /** Ends the connection and gives leadership away; reads and writes go on. */
  stop(): void {
    this.#realm.stop();
  }

  /** Leaves ERROR, or cuts a pause short, and connects now. */
  reset(): void {
    this.#realm.reset();
  }

  /** A fresh token for the running connection; a new connection asks for one by itself. */
  setToken(token: string | null): void {
    this.#realm.setToken(token);
  }

  state(): SyncStateName {
    return this.#realm.status.now.state;
  }

  isLeader(): boolean {
    return this.#realm.tabs.isLeader;
  }

  #tagsOf(map: string, key: string, wanted: unknown): readonly string[] {
    return this.orGet(map, key).flatMap(({ tag, value }) => (deepEqual(value, wanted) ? [tag] : []));
  }
}
