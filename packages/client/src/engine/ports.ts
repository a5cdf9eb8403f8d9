import type { QueryPorts, QuerySpec, TopGunError } from '@topgun/core';
import type { DeviceMessage, Kind, TopicHeardMessage, TopicMsgMessage, TopicPlace } from '@topgun/protocol';
import type { SyncStateName } from '../SyncStateMachine.js';
import type { StoreKey, StoreTx } from '../storage/IStorageAdapter.js';
import type { Reach } from './PendingOp.js';

/**
 * The ports of a realm's engine. A realm is one JS context that opened the store: a tab, a worker, a Node process.
 * The engine calls `ClientEffects`; the shell performs them and reports back by calling the inputs of `RealmEngine`.
 * An effect must never call an input synchronously. A completion may come late, twice or never.
 */

/** Wall clock in ms since the epoch, and a monotone clock in ms; both are read only through this port. */
export interface ClientClock {
  wallMs(): number;
  monoMs(): number;
}

/** A source of 32 random bits per call. Session and client ids come from it, so it must be unpredictable in production. */
export type RandomUint32 = () => number;

export interface ClientEffects {
  /** One storage transaction, answered by `txDone(id, commit)` or `txFailed(id, error)`. The engine keeps at most one under way. */
  tx(id: number, batch: StoreTx): void;
  /** Reads one snapshot; the empty prefix means the whole store. Answered by `storeRead(id, entries, commit)` or `storeReadFailed(id, error)`. */
  readStore(id: number, prefix: StoreKey): void;
  /** Asks for the uploader lock of this store; `steal` takes it from a silent holder. Answered by `lockGranted()`; `lockLost()` when stolen. */
  acquireLock(steal: boolean): void;
  releaseLock(): void;
  /** Calls `sessionGone(session)` once the Web Lock named by that session is free: that realm is dead. */
  watchSession(session: string): void;
  /** To the other realms of this store, as their input `channel(message)`. Structured-cloneable. */
  post(message: TabMessage): void;
  /** Opens the socket: `socketOpened()` or `socketClosed(code)` follows. */
  connect(): void;
  disconnect(code: number): void;
  send(message: DeviceMessage): void;
  /** Asks the app for a token: `token(value)` follows, null for none. */
  requestToken(): void;
  /** (Re)arms a named timer; input `timer(name)` when due. A delay of 0 means as soon as the running turn is over (a microtask is best). */
  arm(timer: string, delayMs: number): void;
  cancel(timer: string): void;
  /** Something the app may want to know. Listeners may read and write the engine. */
  event(event: ClientEvent): void;
}

export type SettledOutcome = 'applied' | 'superseded' | 'changed' | 'rejected';

/** What becomes of writes to a map that are answered `STALE_OP`; see `setStalePolicy`. */
export type StalePolicy = 'rebase-creates' | 'ask' | 'drop' | 'rebase-all';

/** What a refused write was. */
export interface RejectedWrite {
  readonly map: string;
  readonly key: string;
  readonly op: 'PUT' | 'REMOVE' | 'OR_ADD' | 'OR_REMOVE' | 'INCREMENT' | 'TRANSACTION';
  /** The value, delta or tags of the write; of a transaction all its writes, whose first is the one with this map and key. */
  readonly payload: unknown;
  readonly ttlMs?: number;
}

/** A refused write, kept in the store until `rejectionShown(id)`, a parked one until it is reissued or discarded. A transaction is refused as a whole. */
export interface Rejection extends RejectedWrite {
  /** `clientId:session:seq` of the op. */
  readonly id: string;
  readonly code: string;
  /** What the resolver of the map said about it. */
  readonly reason?: string | undefined;
  /** The write waits in the list of stale writes for the app to decide. */
  readonly isParked?: boolean;
  /** The app has seen it. */
  readonly isShown?: boolean;
}

/** What an own write lost, or what a server lost that this device had (DEV-8). */
export interface Conflict extends RejectedWrite {
  /** `clientId:session:seq` of the op; of a restored record its stamp, `node:t`. */
  readonly id: string;
  /**
   * The server rejected it, another device had written later, or something else was stored in its place. `restored`: a record, of whomever,
   * that this device had and that went with a repair after the server was put back to an earlier state.
   */
  readonly outcome: 'rejected' | 'superseded' | 'changed' | 'restored';
  /** Why it was rejected. */
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  /** Server time of the answer, ms since the epoch. */
  readonly atMs: number;
}

export type ClientEvent =
  /** The store is loaded; reads now show what the device held. */
  | { readonly type: 'ready' }
  | { readonly type: 'state'; readonly state: SyncStateName; readonly error?: TopGunError }
  /** Keys whose visible value changed since the last batch, by map. At most one such event per tick. */
  | { readonly type: 'changes'; readonly keysByMap: ReadonlyMap<string, ReadonlySet<string>> }
  /** `queryResult(id)` has a new value (rows or status). */
  | { readonly type: 'query'; readonly id: string }
  /** A write of this realm was answered by the server, or replaced before it was sent (`by` = the newer seq). */
  | {
      readonly type: 'settled';
      readonly seq: number;
      readonly outcome: SettledOutcome;
      readonly by?: number | undefined;
      readonly code?: string | undefined;
      readonly reason?: string | undefined;
    }
  /** A write of this realm has come this far; only told of those that asked for a level below PERSISTED. */
  | { readonly type: 'reached'; readonly seq: number; readonly reach: Reach }
  /** Show it, then call `rejectionShown(rejection.id)`. Comes in one tab only. */
  | { readonly type: 'rejection'; readonly rejection: Rejection }
  /** Whether a watched map is whole may have changed: ask `isWhole`. */
  | { readonly type: 'whole'; readonly map: string }
  /** `conflicts()` has others than before. */
  | { readonly type: 'conflicts' }
  /** Writes of all realms of this store that the server has not answered. */
  | { readonly type: 'pending'; readonly count: number }
  | { readonly type: 'topic'; readonly message: TopicMsgMessage | TopicHeardMessage }
  /** Whether this realm holds the uploader lock. */
  | { readonly type: 'role'; readonly leader: boolean }
  /** The app set this token in another realm: from now on it is the one to hand out. */
  | { readonly type: 'token'; readonly token: string | null }
  /** Another realm has logged out: what this one shows is to be dropped. */
  | { readonly type: 'loggedOut' }
  | { readonly type: 'error'; readonly error: TopGunError };

export type { Kind };

/** One element of an OR map: what was added, and the tag (op id) of the add. */
export interface OrElement {
  readonly tag: string;
  readonly value: unknown;
}

/** What a realm wants from the server; the leader subscribes to the union of all realms' wants. */
export interface Wants {
  readonly maps: readonly (readonly [map: string, kind: Kind])[];
  /** `name` says the same question the same way in every realm. */
  readonly queries: readonly (readonly [name: string, map: string, spec: QuerySpec])[];
  readonly topics: readonly (readonly [topic: string, want: TopicWant])[];
}

/** What a realm wants of a topic. */
export interface TopicWant {
  /** When it was wanted, ms since the epoch: what was wanted later is asked for anew. */
  readonly at: number;
  /** what followed this place first */
  readonly since?: TopicPlace | undefined;
  /** without `since`: so many of the last messages first */
  readonly last?: number | undefined;
  /** of the last message that came */
  readonly place?: TopicPlace | undefined;
  /** what this device says of itself in a room; null: nothing any more */
  readonly state?: unknown;
}

/** What all realms of the store want from the server together. */
export interface MergedWants {
  readonly maps: ReadonlyMap<string, Kind>;
  readonly queries: ReadonlyMap<string, readonly [map: string, spec: QuerySpec]>;
  readonly topics: ReadonlyMap<string, readonly TopicWant[]>;
}

export type TabMessage = { readonly from: string } & (
  | {
      /** A committed transaction: what it put and deleted (store keys as in IStorageAdapter), and its commit number. */
      readonly type: 'commit';
      readonly commit: number;
      readonly puts: StoreTx['puts'];
      readonly deletes: StoreTx['deletes'];
    }
  /** A follower's wants, whole and replacing; sent on change and when there is a new leader. */
  | { readonly type: 'wants'; readonly wants: Wants }
  /** A new leader, and the commit up to which it knows the store; who knows another one reads it again. */
  | { readonly type: 'leader'; readonly commit: number }
  | {
      /** The leader's connection: state, error, maps that are synced, queries that are answered, clock offset. */
      readonly type: 'status';
      readonly state: SyncStateName;
      readonly error?: { readonly code: string; readonly message: string; readonly remedy: string };
      readonly synced: readonly string[];
      readonly answered: readonly string[];
      readonly offsetMs: number;
    }
  /** Answers to ops of one other realm. */
  | {
      readonly type: 'settled';
      readonly session: string;
      readonly seq: number;
      readonly outcome: SettledOutcome;
      readonly code?: string | undefined;
      readonly reason?: string | undefined;
    }
  /** How far an op of one other realm has come that asked to know. */
  | { readonly type: 'reached'; readonly session: string; readonly seq: number; readonly reach: Reach }
  /** A message published by a realm: the others show it, the leader sends it on. */
  | { readonly type: 'publish'; readonly message: TopicMsgMessage }
  /** Of a topic, from the server. */
  | { readonly type: 'topic'; readonly message: TopicMsgMessage | TopicHeardMessage }
  /** What the app told a follower to do with the connection. */
  | { readonly type: 'control'; readonly action: 'start' | 'reset' }
  /** The app set a token: all realms keep it, the leader uses it at once. */
  | { readonly type: 'token'; readonly token: string | null }
  /** The store was wiped, and its life has ended. */
  | { readonly type: 'logout' }
  | { readonly type: 'ping' }
  | { readonly type: 'pong' }
  | { readonly type: 'bye' }
);

/** The transport, storage and tab knobs of the engine; every one has a default. */
export interface RealmOptions {
  readonly clock: ClientClock;
  readonly random: RandomUint32;
  /** False: a device without server. Nothing ever connects, the state stays DISCONNECTED. Default true. */
  readonly server?: boolean;
  readonly backoff?: BackoffOptions | undefined;
  /** Sent in AUTH; free text. */
  readonly agent?: string;
  /** Wait for an answer of the server before the socket is given up, ms. Default 10 000. */
  readonly answerTimeoutMs?: number | undefined;
  /** Called before a write that adds to the log; what it throws refuses that write, with nothing changed. */
  readonly admit?: (() => void) | undefined;
  /** Connected time for which answered ops are kept, in case the server loses them, ms. Default 10 minutes. */
  readonly answeredMs?: number | undefined;
  /** Durability asked of the store for transactions that hold ops. Default 'relaxed'. */
  readonly durability?: 'relaxed' | 'strict' | undefined;
  /** What queries may need; none by default. */
  readonly queryPorts?: QueryPorts | undefined;
}

export interface BackoffOptions {
  /** Upper bound of the first pause, ms. Default 500. */
  readonly baseMs?: number;
  /** Upper bound of any pause, ms. Default 30 000. */
  readonly capMs?: number;
  /** 1: full jitter (0…bound), 0: none (always the bound). Default 1. */
  readonly jitter?: number;
  /** Failed attempts in a row before ERROR. Default Infinity. */
  readonly maxRetries?: number;
}
