import type { StoreKey, StoreTx } from '../storage/IStorageAdapter.js';
import type { OpLog } from './OpLog.js';
import { opKey } from './PendingOp.js';
import type { Kind, Rejection } from './ports.js';
import type { RealmClock } from './RealmClock.js';
import type { Rejections } from './Rejections.js';
import type { Replica } from './Replica.js';
import { type BaseRow, compareOffsets, rowFromStore, rowToStore } from './rows.js';
import { joinKey, type StoreWriter } from './StoreWriter.js';

export interface MirrorParts {
  readonly clock: RealmClock;
  readonly replica: Replica;
  readonly log: OpLog;
  readonly rejections: Rejections;
  readonly store: StoreWriter;
}

export interface MirrorPorts {
  readonly session: string;
  isLeader(): boolean;
  clientId(id: string): void;
  kind(map: string, kind: Kind): void;
}

type Entry = readonly [key: StoreKey, value: unknown];

/** Keeps the memory of this realm equal to the store: after a read of all of it, and after each commit of another realm. */
export class StoreMirror {
  readonly #parts: MirrorParts;
  readonly #ports: MirrorPorts;

  constructor(parts: MirrorParts, ports: MirrorPorts) {
    this.#parts = parts;
    this.#ports = ports;
  }

  /**
   * Takes in a snapshot, with this realm's own unwritten changes on top. What memory holds beyond that is dropped, except
   * own ops that no transaction has carried yet. Returns whether the store still has its identity.
   */
  read(entries: readonly Entry[], isBoot: boolean): boolean {
    const { store, replica, log, rejections, clock } = this.#parts;
    const snapshot = new Map(entries.map((entry) => [joinKey(entry[0]), entry]));
    const hasIdentity = snapshot.has(joinKey(['meta', 'client']));
    store.overlay(snapshot);
    const mark = snapshot.get(joinKey(['meta', 'clock']));
    if (mark && isBoot) clock.load(mark[1]);
    // Identity and kinds first: ops and rows are read by them.
    for (const [key, value] of snapshot.values())
      if (key[0] === 'meta' || key[0] === 'map') this.#apply(key, value);
    for (const map of replica.maps.values()) {
      for (const item of [...map.base.keys()]) {
        if (!snapshot.has(joinKey(['base', map.name, item]))) map.load(item, undefined);
      }
    }
    for (const op of [...log.ops()]) {
      if (op.isIssued && !snapshot.has(joinKey(opKey(op.session, op.seq))))
        log.load(op.session, op.seq, undefined, false);
    }
    for (const id of rejections.ids())
      if (!snapshot.has(joinKey(['reject', id]))) rejections.load(id, undefined);
    for (const [key, value] of snapshot.values())
      if (key[0] !== 'meta' && key[0] !== 'map') this.#apply(key, value, true);
    return hasIdentity;
  }

  /** Writes all of memory again to a store that may have lost it; of a follower's only what nobody else writes. */
  rewrite(kinds: ReadonlyMap<string, Kind>): void {
    const { replica, log, store } = this.#parts;
    const isLeader = this.#ports.isLeader();
    if (log.clientId !== '') store.put(['meta', 'client'], log.clientId);
    for (const [map, kind] of kinds) store.put(['map', map], { kind });
    for (const op of log.ops()) if (isLeader || op.session === this.#ports.session) log.rewrite(op);
    for (const map of isLeader ? replica.maps.values() : []) {
      for (const [item, row] of map.base) store.put(['base', map.name, item], rowToStore(row));
    }
  }

  /** A transaction of this realm has committed: its ops may now be sent, its rejections shown. */
  committed(writes: Iterable<Entry>): void {
    for (const [[table, first = '', second = ''], value] of writes) {
      if (table === 'op' && value !== undefined) {
        const op = this.#parts.log.sessions.get(first)?.ops.get(Number(second));
        if (op) op.isLogged = true;
      } else if (table === 'low' && value !== undefined) this.#parts.log.log(first).low = value as number;
      else if (table === 'reject') this.#parts.rejections.load(first, value as Rejection | undefined);
    }
  }

  /** A transaction of another realm. */
  followed(puts: StoreTx['puts'], deletes: readonly StoreKey[]): void {
    for (const [key, value] of puts) this.#apply(key, value);
    for (const key of deletes) this.#apply(key, undefined);
  }

  #apply(key: StoreKey, value: unknown, isRead = false): void {
    const { replica, log, rejections, clock } = this.#parts;
    const [table, first = '', second = ''] = key;
    switch (table) {
      case 'meta':
        if (first === 'client') this.#ports.clientId(value as string);
        else if (first === 'clock' && !this.#ports.isLeader()) clock.follow(value);
        return;
      case 'map':
        return this.#ports.kind(first, (value as { readonly kind: Kind }).kind);
      case 'base': {
        const row = value === undefined ? undefined : rowFromStore(value);
        const known = replica.maps.get(first)?.base.get(second);
        // The same version keeps its object, so that what readers hold stays the same.
        if (!row || !known || !isSame(row, known)) replica.load(first, second, row);
        return;
      }
      case 'op':
        // Ops that are known stay as they are: whether an own one is logged is said by its transaction alone.
        return log.load(first, Number(second), value, isRead || !this.#ports.isLeader());
      case 'low':
        if (first !== this.#ports.session && value !== undefined) log.log(first).low = value as number;
        return;
      case 'reject':
        return rejections.load(first, value as Rejection | undefined);
      default:
    }
  }
}

const isSame = (a: BaseRow, b: BaseRow): boolean =>
  compareOffsets(a, b) === 0 &&
  a.form === b.form &&
  a.t === b.t &&
  a.node === b.node &&
  a.holds.join() === b.holds.join();
