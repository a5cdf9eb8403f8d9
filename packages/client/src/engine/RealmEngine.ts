import type { TopGunError } from '@topgun/core';
import type { ServerMessage } from '@topgun/protocol';
import type { SyncStateName } from '../SyncStateMachine.js';
import type { StoreKey } from '../storage/IStorageAdapter.js';
import type { ClientEffects, Kind, RealmOptions, TabMessage } from './ports.js';

/** One element of an OR map: what was added, and the tag (op id) of the add. */
export interface OrElement { readonly tag: string; readonly value: unknown }
/** One row of a query: for OR maps one per (key, tag). */
export interface QueryRow { readonly key: string; readonly value: unknown; readonly tag?: string }
/** `complete` once the server's rows are in; before that what the device holds. */
export interface QueryResult { readonly rows: readonly QueryRow[]; readonly status: 'partial' | 'complete' }
/** As in core's query language. */
export interface QuerySpec {
  readonly where?: unknown;
  readonly sort?: readonly (readonly [path: string, direction: 'asc' | 'desc'])[];
  readonly limit?: number;
}

/** Signature only while the machines are written; every member below stays. */
export declare class RealmEngine {
  readonly session: string;
  constructor(options: RealmOptions, effects: ClientEffects);

  // ── inputs from the shell ──
  /** Once, after the store is open and the session's Web Lock is held: reads the store. */
  boot(): void;
  txDone(id: number, commit: number): void;
  txFailed(id: number, error: unknown): void;
  storeRead(id: number, entries: readonly (readonly [StoreKey, unknown])[], commit: number): void;
  storeReadFailed(id: number, error: unknown): void;
  /** The store was lost or evicted (IStorageAdapter.onLost). */
  storeLost(reason: string): void;
  lockGranted(): void;
  lockLost(): void;
  sessionGone(session: string): void;
  channel(message: TabMessage): void;
  socketOpened(): void;
  socketMessage(message: ServerMessage): void;
  socketClosed(code: number): void;
  token(value: string | null): void;
  timer(name: string): void;
  /** Whether this realm is visible: a visible follower pings the leader and takes over from a silent one. */
  visible(yes: boolean): void;

  // ── app side: synchronous, works offline and before boot ──
  openMap(map: string, kind: Kind): void;
  closeMap(map: string): void;
  get(map: string, key: string): unknown;
  has(map: string, key: string): boolean;
  put(map: string, key: string, value: unknown, ttlMs?: number): number;
  remove(map: string, key: string): number;
  orAdd(map: string, key: string, value: unknown, ttlMs?: number): number;
  orRemove(map: string, key: string, value: unknown): number;
  orGet(map: string, key: string): readonly OrElement[];
  increment(name: string, delta: number): number;
  counterValue(name: string): number;
  /** LWW: [key, value]; OR: [key, readonly OrElement[]]; PN: [key, number]. Stable reference until the map changes. */
  entries(map: string): readonly (readonly [key: string, value: unknown])[];
  version(map: string): number;
  openQuery(id: string, map: string, spec: QuerySpec): void;
  closeQuery(id: string): void;
  queryResult(id: string): QueryResult;
  topicSubscribe(topic: string): void;
  topicUnsubscribe(topic: string): void;
  topicPublish(topic: string, data: unknown): void;
  pendingOps(): number;
  /** Calls back when every write made so far is in the log; with the error when the store refuses them. */
  whenDurable(cb: (error?: TopGunError) => void): void;
  /** Calls back when the connection is CONNECTED and no op is pending. */
  whenSynced(cb: () => void): void;
  isSynced(map: string): boolean;
  liveRoot(map: string): number;
  rejectionShown(id: string): void;
  start(): void;
  stop(): void;
  reset(): void;
  setToken(token: string | null): void;
  state(): SyncStateName;
  isLeader(): boolean;
}
