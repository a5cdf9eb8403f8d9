import * as LIMITS from '@topgun/protocol/limits';
import type { StoreKey, StoreTx } from '../storage/IStorageAdapter.js';
import type { AppSide } from './AppSide.js';
import { opKey } from './PendingOp.js';
import type { Conflict, Rejection } from './ports.js';
import type { Realm } from './Realm.js';
import {
  type BaseRow,
  compareOffsets,
  mapToStore,
  rowFromStore,
  rowToStore,
  type StoredMap,
} from './rows.js';
import { joinKey, type Write } from './StoreWriter.js';

export interface MirrorPorts {
  /** The store has this identity. */
  clientId(id: string): void;
  /** The store has nothing more of a session whose realm is gone, and will not have it again. */
  sessionEnded(session: string): void;
}

type Entry = readonly [key: StoreKey, value: unknown];

/**
 * The mark that a leader writes with all it knows. A store without it was emptied, by the platform or by a person, and holds no more than
 * what was written since (B6).
 */
export const isMark = ([[table]]: Entry): boolean => table === 'whole';

/** Keeps the memory of this realm equal to the store: after a read of all of it, and after each commit of another realm. */
export class StoreMirror {
  readonly #realm: Realm;
  readonly #app: AppSide;
  readonly #ports: MirrorPorts;
  /**
   * Base rows that this realm has shown and not stored, since another one took the lead. Until that one has caught up with the server they give
   * way to nothing older (B2).
   */
  readonly #ahead = new Map<string, Entry>();

  constructor(realm: Realm, app: AppSide, ports: MirrorPorts) {
    this.#realm = realm;
    this.#app = app;
    this.#ports = ports;
  }

  /**
   * Takes in the first snapshot, a slice with each step, so that a page stays alive however much the device holds (B9). Until the last
   * step nothing is written to the store, and memory holds nothing of it but drafts.
   */
  *load(entries: readonly Entry[]): Generator<void> {
    const { clock } = this.#realm;
    // Identity and kinds first: ops and rows are read by them. Ops before rows, so that no row shows without what was written on it.
    const order: Entry[][] = [[], [], []];
    for (const entry of entries) {
      const [[table, first], value] = entry;
      if (table === 'meta' && first === 'clock') clock.load(value);
      order[table === 'meta' || table === 'map' ? 0 : table === 'op' ? 1 : 2]?.push(entry);
    }
    let done = 0;
    for (const [key, value] of order.flat()) {
      this.#apply(key, value, true);
      if (++done % LIMITS.entriesPerSlice === 0) yield;
    }
  }

  /**
   * Takes in a later snapshot, with this realm's own unwritten changes on top. What memory holds beyond that is dropped,
   * except own ops that no transaction has carried yet. Of a store that was emptied nothing follows about what is not in it.
   */
  read(entries: readonly Entry[]): void {
    const { store } = this.#realm;
    const isWhole = entries.some(isMark);
    const snapshot = new Map(entries.map((entry) => [joinKey(entry[0]), entry]));
    store.overlay(snapshot);
    for (const [joined, entry] of this.#ahead) {
      const [, stored] = snapshot.get(joined) ?? [];
      if (stored !== undefined && !isOlder(stored, entry[1])) this.#ahead.delete(joined);
      else snapshot.set(joined, entry);
    }
    for (const [key, value] of snapshot.values())
      if (key[0] === 'meta' || key[0] === 'map') this.#apply(key, value);
    for (const key of isWhole ? this.#known() : [])
      if (!snapshot.has(joinKey(key))) this.#apply(key, undefined);
    for (const [key, value] of snapshot.values())
      if (key[0] !== 'meta' && key[0] !== 'map') this.#apply(key, value, true);
  }

  /** Writes all of memory again to a store that may have lost it; of a follower's only what nobody else writes. */
  rewrite(): void {
    const { replica, log, store, clock, rejections, conflicts, answered } = this.#realm;
    const isLeader = this.#realm.isLeader;
    if (log.clientId !== '') store.put(['meta', 'client'], log.clientId);
    if (log.incarnation !== undefined) store.put(['meta', 'incarnation'], log.incarnation);
    clock.rewrite();
    log.markLost();
    if (isLeader) {
      rejections.rewrite();
      conflicts.rewrite();
      answered.rewrite();
    }
    for (const [map, kind] of this.#app.kinds)
      store.put(['map', map], mapToStore(replica.maps.get(map) ?? { kind }));
    for (const op of log.ops())
      if (op.isIssued && (isLeader || op.session === this.#realm.session)) log.rewrite(op);
    if (isLeader) store.put(['whole'], true);
    for (const [map, cursor] of isLeader ? replica.cursors : []) store.put(['cursor', map], cursor);
    for (const map of isLeader ? replica.maps.values() : []) {
      for (const [item, row] of map.base) store.put(['base', map.name, item], rowToStore(row));
    }
  }

  /** A transaction of this realm has committed: its ops may now be sent, its rejections shown. */
  committed(puts: StoreTx['puts'], deletes: readonly StoreKey[]): void {
    const { log, rejections, conflicts } = this.#realm;
    for (const [[table, first = '', second = ''], value] of puts) {
      if (table === 'op') {
        const op = log.sessions.get(first)?.ops.get(Number(second));
        if (op) op.isLogged = true;
      } else if (table === 'low') log.log(first).low = value as number;
      else if (table === 'reject') rejections.load(first, value as Rejection);
      else if (table === 'conflict') conflicts.load(first, value as Conflict);
    }
    for (const [table, id = '', seq] of deletes) {
      if (table === 'op') log.sessions.get(id)?.ending.delete(Number(seq));
      else if (table === 'reject') rejections.load(id, undefined);
      else if (table === 'conflict') conflicts.load(id, undefined);
      else if (table === 'low') this.#ports.sessionEnded(id);
    }
  }

  /** A transaction of another realm. True where it tells that this realm is ahead no longer: the store is to be read. */
  followed(puts: StoreTx['puts'], deletes: readonly StoreKey[]): boolean {
    const { store } = this.#realm;
    // Who writes its ops again into a store that it takes for lost need not know yet which of them have ended here.
    for (const [key, value] of puts)
      if (!(key[0] === 'op' && store.isDeleting(key)) && !this.#isBehind(key, value)) this.#apply(key, value);
    for (const key of deletes) {
      if (key[0] === 'op') store.ended(key);
      this.#isBehind(key, undefined);
      this.#apply(key, undefined);
    }
    const before = this.#ahead.size;
    if (before > 0) for (const key of [...puts.map(([key]) => key), ...deletes]) this.#caughtUp(key);
    return this.#ahead.size < before;
  }

  /** This realm leads no longer, and drops these writes. Of maps without a cursor nobody would say when the next leader has caught up. */
  keepAhead(dropped: readonly Write[]): void {
    for (const [key, value] of dropped) {
      const [table, map = ''] = key;
      if (table === 'base' && value !== undefined && this.#realm.replica.cursors.has(map))
        this.#ahead.set(joinKey(key), [key, value]);
    }
  }

  /** This realm leads again: what it is ahead of the store is its to write. */
  led(): void {
    for (const entry of this.#ahead.values()) this.#realm.store.put(...entry);
    this.#ahead.clear();
  }

  /** Whether this is older than what was shown of an item and not stored; else that counts no more. */
  #isBehind(key: StoreKey, value: unknown): boolean {
    const shown = this.#ahead.size > 0 ? this.#ahead.get(joinKey(key)) : undefined;
    if (!shown) return false;
    if (value !== undefined && isOlder(value, shown[1])) return true;
    this.#ahead.delete(joinKey(key));
    return false;
  }

  /** A cursor stands for all rows up to it; one that goes, and another life of the server's store, take back what was said. */
  #caughtUp([table, about]: StoreKey): void {
    const isAll = table === 'meta' && about === 'incarnation';
    if (!isAll && table !== 'cursor') return;
    for (const [joined, [[, map]]] of this.#ahead) if (isAll || map === about) this.#ahead.delete(joined);
  }

  /** Keys of what memory believes to be in the store. */
  *#known(): Generator<StoreKey> {
    const { replica, log, rejections, conflicts, answered } = this.#realm;
    for (const { name, base } of replica.maps.values())
      for (const item of base.keys()) yield ['base', name, item];
    for (const map of replica.cursors.keys()) yield ['cursor', map];
    for (const op of log.ops()) if (op.isIssued && !op.isAgain) yield opKey(op.session, op.seq);
    yield* answered.keys();
    for (const id of rejections.ids()) yield ['reject', id];
    for (const id of conflicts.entries.keys()) yield ['conflict', id];
  }

  #apply(key: StoreKey, value: unknown, isRead = false): void {
    const { replica, log, rejections, conflicts, answered, clock } = this.#realm;
    const [table, first = '', second = ''] = key;
    switch (table) {
      case 'meta':
        if (first === 'client') this.#ports.clientId(value as string);
        else if (first === 'incarnation') log.incarnation = value as string | undefined;
        else if (first === 'connected') answered.loadConnected(value);
        else if (first === 'clock' && !this.#realm.isLeader) clock.follow(value);
        return;
      case 'map':
        return this.#app.mapStored(first, value as StoredMap);
      case 'base': {
        const row = value === undefined ? undefined : rowFromStore(value);
        const known = replica.maps.get(first)?.base.get(second);
        // The same version keeps its object, so that what readers hold stays the same.
        if (!row || !known || !isSame(row, known)) replica.load(first, second, row);
        return;
      }
      case 'cursor':
        if (value === undefined) replica.cursors.delete(first);
        else replica.cursors.set(first, value as Uint8Array);
        return;
      case 'op':
        // Ops that are known stay as they are: whether an own one is logged is said by its transaction alone.
        return log.load(first, Number(second), value, isRead || !this.#realm.isLeader);
      case 'low':
        if (first !== this.#realm.session && value !== undefined) log.log(first).low = value as number;
        return;
      case 'tail':
        return answered.load(key, value);
      case 'reject':
        return rejections.load(first, value as Rejection | undefined);
      case 'conflict':
        return conflicts.load(first, value as Conflict | undefined);
      default:
    }
  }
}

/** Whether a stored row is older than another one. */
const isOlder = (stored: unknown, other: unknown): boolean =>
  compareOffsets(rowFromStore(stored), rowFromStore(other)) < 0;

const isSame = (a: BaseRow, b: BaseRow): boolean =>
  compareOffsets(a, b) === 0 &&
  a.form === b.form &&
  a.t === b.t &&
  a.node === b.node &&
  a.holds.join() === b.holds.join();
