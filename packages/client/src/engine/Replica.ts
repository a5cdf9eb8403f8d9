import type { SyncRootMessage } from '@topgun/protocol';
import type { Kind } from './ports.js';
import type { RealmBase } from './RealmBase.js';
import { ReplicaMap, type ReplicaPorts } from './ReplicaMap.js';
import { type BaseRow, kindOf, mapToStore, rowToStore } from './rows.js';
import { wrongKind } from './wireErrors.js';

/** Expiries that fall into one such span are announced together. */
const EXPIRE_MS_MIN = 50;

/** All maps of this device, what changed in them since the last tick, and the timer that ends records with a time to live. */
export class Replica implements ReplicaPorts {
  readonly maps = new Map<string, ReplicaMap>();
  /** By map: where its whole-map scope may go on (RES-3). Base is never older than its cursor, here and in the store. */
  readonly cursors = new Map<string, Uint8Array>();
  readonly #realm: RealmBase;
  readonly #expiries = new Map<string, readonly [map: string, key: string, atMs: number]>();
  /** By map: the sets that get its changed keys, for those who keep something of it up to date by themselves. */
  readonly #watched = new Map<string, Set<Set<string>>>();
  #nextExpiryMs = Infinity;
  #changes = new Map<string, Set<string>>();

  constructor(realm: RealmBase) {
    this.#realm = realm;
  }

  // ── what the maps need ──

  nowMs(): number {
    return this.#realm.clock.nowMs();
  }

  persist(map: string, item: string, row: BaseRow | undefined): void {
    const { clock, store } = this.#realm;
    const key = ['base', map, item];
    if (row) {
      clock.admitted(row.t);
      store.put(key, rowToStore(row));
    } else store.del(key);
    this.#realm.touch();
  }

  changed(map: string, key: string): void {
    const keys = this.#changes.get(map);
    if (keys) keys.add(key);
    else this.#changes.set(map, new Set([key]));
    for (const watcher of this.#watched.get(map) ?? []) watcher.add(key);
    this.#realm.touch();
  }

  /** Adds the changed keys of a map to `keys` from now on, at once; returns what ends it. */
  watch(map: string, keys: Set<string>): () => void {
    const watchers = this.#watched.get(map) ?? new Set();
    this.#watched.set(map, watchers.add(keys));
    this.#realm.touch();
    return () => {
      if (watchers.delete(keys) && watchers.size === 0) this.#watched.delete(map);
    };
  }

  /** The maps that somebody watches. */
  watched(): Iterable<string> {
    return this.#watched.keys();
  }

  expires(map: string, item: string, key: string, atMs: number): void {
    // One time per item, the earliest: when it has come, the map says what comes next.
    const id = `${map}\0${item}`;
    if (atMs >= (this.#expiries.get(id)?.[2] ?? Number.POSITIVE_INFINITY)) return;
    this.#expiries.set(id, [map, key, atMs]);
    if (atMs >= this.#nextExpiryMs) return;
    this.#nextExpiryMs = atMs;
    this.#armExpiry();
  }

  /** Goes into the store with the rows that base holds by now, in the same transaction (DEV-3). */
  keepCursor(map: string, cursor: Uint8Array | undefined): void {
    if (cursor) this.cursors.set(map, cursor);
    else if (!this.cursors.delete(map)) return;
    this.#realm.store.put(['cursor', map], cursor);
    this.#realm.touch();
  }

  // ── all maps ──

  /** The map of this name, made with this kind if there is none. Throws `WRONG_KIND` when it has another one. */
  map(name: string, kind: Kind): ReplicaMap {
    const found = this.maps.get(name);
    if (found && found.kind !== kind) throw wrongKind(name, found.kind, kind);
    return found ?? this.set(name, kind);
  }

  /** Makes an empty map, replacing one of another kind. */
  set(name: string, kind: Kind): ReplicaMap {
    const map = new ReplicaMap(name, kind, this);
    this.maps.set(name, map);
    return map;
  }

  /** The server says how it treats a map; that is kept with its kind, for the next start and the other tabs. */
  learn(map: ReplicaMap, { resolver, volatile }: Pick<SyncRootMessage, 'resolver' | 'volatile'>): void {
    if (map.treated(resolver === true, volatile === true))
      this.#realm.store.put(['map', map.name], mapToStore(map));
  }

  /** Base of a map is what the server has in this life of its store. */
  proven(map: ReplicaMap, incarnation: string): void {
    if (map.incarnation === incarnation) return;
    map.incarnation = incarnation;
    this.#realm.store.put(['map', map.name], mapToStore(map));
    this.#realm.touch();
  }

  /** Changed keys by map since the last call. */
  takeChanges(): ReadonlyMap<string, ReadonlySet<string>> {
    const changes = this.#changes;
    if (changes.size > 0) this.#changes = new Map();
    return changes;
  }

  /** Announces the keys whose time is over. */
  expire(): void {
    const nowMs = this.nowMs();
    this.#nextExpiryMs = Infinity;
    for (const [id, [map, key, atMs]] of this.#expiries) {
      if (atMs <= nowMs) {
        this.#expiries.delete(id);
        this.maps.get(map)?.ended(key);
      } else this.#nextExpiryMs = Math.min(this.#nextExpiryMs, atMs);
    }
    this.#armExpiry();
  }

  /** The map that a row belongs to, made if there is none. A map of another kind is replaced: the server decides kinds. */
  of(name: string, row: BaseRow): ReplicaMap {
    const found = this.maps.get(name);
    const kind = kindOf(row.form);
    return found?.kind === kind ? found : this.set(name, kind);
  }

  /** Sets a base row as the store has it. */
  load(name: string, item: string, row: BaseRow | undefined): void {
    if (row) this.#realm.clock.admitted(row.t);
    (row ? this.of(name, row) : this.maps.get(name))?.load(item, row);
  }

  #armExpiry(): void {
    if (this.#nextExpiryMs === Infinity) return;
    this.#realm.fx.arm('expire', Math.max(EXPIRE_MS_MIN, this.#nextExpiryMs - this.nowMs()));
  }
}
