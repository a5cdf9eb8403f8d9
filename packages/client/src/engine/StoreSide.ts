import { TopGunError } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';
import type { StoreKey, StoreTx } from '../storage/IStorageAdapter.js';
import { storageError as storageFault } from '../storage/storageErrors.js';
import type { AppSide } from './AppSide.js';
import { CommitOrder } from './CommitOrder.js';
import { LockProof } from './LockProof.js';
import { oldestMap } from './oldestMap.js';
import { opKey } from './PendingOp.js';
import type { Rejection, TabMessage } from './ports.js';
import type { Realm } from './Realm.js';
import { isMark, type MirrorPorts, StoreMirror } from './StoreMirror.js';

/** A commit may be told of this much later than a later one, before it counts as missing. */
const GAP_MS = 100;
const READ_RETRY_MS = 1000;
/** Long enough for a page to paint and to take input. */
const SLICE_PAUSE_MS = 1;

export interface StoreSidePorts extends MirrorPorts {
  /** Whether some realm has the map open, or a query on it. */
  isInUse(map: string): boolean;
  /** Memory is what the store was at this read. */
  read(isFirst: boolean): void;
  /** Everything up to a commit made under the lock is known: this realm may lead. */
  mayLead(known: number): void;
}

/** What this realm and its store know of each other: reads, transactions, and the commits of other realms in between. */
export class StoreSide {
  readonly #realm: Realm;
  readonly #ports: StoreSidePorts;
  readonly #mirror: StoreMirror;
  readonly #order = new CommitOrder();
  readonly #lock = new LockProof();
  #readId = 0;
  #loading: { readonly steps: Iterator<void>; readonly commit: number } | undefined;
  isLoaded = false;
  /** The store takes nothing any more; own writes go to the server without it. */
  #isInMemory = false;
  #ownCommit = 0;
  /** Whether the store holds all that a leader knew; false once it was emptied. */
  #isWhole = false;

  constructor(realm: Realm, app: AppSide, ports: StoreSidePorts) {
    this.#realm = realm;
    this.#ports = ports;
    this.#mirror = new StoreMirror(realm, app, ports);
  }

  read(): void {
    this.#realm.fx.readStore(++this.#readId, []);
  }

  readDone(id: number, entries: StoreTx['puts'], commit: number): void {
    if (id !== this.#readId) return;
    this.#isWhole = entries.some(isMark);
    if (!this.isLoaded) {
      this.#loading = { steps: this.#mirror.load(entries), commit };
      return this.load();
    }
    // What is not there is not gone: it is still to be written there.
    if (commit < Math.max(this.#ownCommit, this.#order.known ?? 0)) return this.#replaced(commit);
    this.#mirror.read(entries);
    this.#hasRead(commit, false);
  }

  /** Takes in the next slice of the first read; of one that nobody looks at, all. */
  load(): void {
    if (!this.#loading) return;
    const { steps, commit } = this.#loading;
    while (!steps.next().done) {
      if (this.#realm.tabs.isVisible) return this.#realm.fx.arm('load', SLICE_PAUSE_MS);
    }
    this.#loading = undefined;
    this.isLoaded = true;
    this.#hasRead(commit, true);
  }

  /** Whether memory holds a part of the store. */
  get isLoading(): boolean {
    return this.#loading !== undefined;
  }

  #hasRead(commit: number, isFirst: boolean): void {
    this.#lock.done('read', this.#readId, commit);
    this.#ports.read(isFirst);
    this.#order.reset(commit);
    this.#tryToLead();
  }

  readFailed(id: number, cause: unknown): void {
    if (id !== this.#readId) return;
    this.#realm.fail(storageError(cause));
    this.#realm.fx.arm('read', READ_RETRY_MS);
  }

  /** Writes what waits, unless a transaction is under way. */
  flush(): void {
    const { store, log, answered } = this.#realm;
    if (!this.isLoaded || !(store.isReady || this.#isInMemory)) return;
    log.beforeFlush();
    answered.beforeFlush();
    if (this.#isInMemory && store.isFull && this.#realm.isLeader) log.assumeLogged();
    if (store.isReady) store.flush();
  }

  txDone(id: number, commit: number): void {
    const { store, tabs } = this.#realm;
    const done = store.done(id);
    if (!done) return;
    const { puts, deletes } = done;
    if (puts.some(isMark)) this.#isWhole = true;
    if (!store.isFull) this.#isInMemory = false;
    const isReplaced = commit <= this.#ownCommit;
    this.#ownCommit = commit;
    this.#mirror.committed(puts, deletes);
    tabs.post({ type: 'commit', commit, puts, deletes });
    this.#lock.done('tx', id, commit);
    this.#take(commit, () => undefined);
    if (isReplaced) this.#replaced(commit);
  }

  /** Commit numbers only rise: this is another store under the name of the one that was read. */
  #replaced(commit: number): void {
    this.#ownCommit = commit;
    this.#order.reset(commit);
    this.lost('it was emptied, and another one took its place');
  }

  txFailed(id: number, cause: unknown): void {
    const { store, announcer } = this.#realm;
    const wasFull = store.isFull;
    if (!store.failed(id)) return;
    const error = storageError(cause);
    if (error.code === 'STORAGE_FULL') this.#makeRoom(error, wasFull);
    else {
      store.pause();
      this.#realm.fail(error);
    }
    // A full store can still be read: it need not keep this realm from uploading what it holds.
    if (this.#lock.isHeld && !this.#realm.isLeader) this.read();
    announcer.failDurable(error);
  }

  /** Own writes first, then maps that nobody looks at make room for them, the oldest first; then memory is all there is (B6). */
  #makeRoom(error: TopGunError, wasFull: boolean): void {
    const { store, replica, isLeader } = this.#realm;
    if (!wasFull && !this.#isInMemory) this.#realm.fail(error);
    const canGoOn = store.narrow();
    if (canGoOn && !wasFull) return this.#realm.touch();
    const map = canGoOn && isLeader ? oldestMap(replica, this.#ports.isInUse) : undefined;
    if (map) {
      for (const item of [...map.base.keys()]) {
        replica.load(map.name, item, undefined);
        store.evict(['base', map.name, item]);
      }
      // It would say that they are there.
      replica.keepCursor(map.name, undefined);
      store.evict(['cursor', map.name]);
      return this.#realm.touch();
    }
    store.pause();
    if (this.#isInMemory) return;
    this.#isInMemory = true;
    const message = 'The store is full: writes live in the memory of this tab until there is room';
    this.#realm.fail(storageFault('STORAGE_MEMORY_ONLY', message, error));
    this.#realm.touch();
  }

  lost(reason: string): void {
    const message = `The store was lost: ${reason}`;
    const remedy = TEXTS && 'Reload other tabs. What this one holds is written again.';
    this.#realm.fail(new TopGunError({ code: 'STORAGE_LOST', message, remedy, retriable: true }));
    if (!this.isLoaded) return;
    this.#isWhole = false;
    this.#mirror.rewrite();
    this.read();
  }

  /** This realm leads from now on: what a store that was emptied lacks is its to write. */
  led(): void {
    this.#mirror.led();
    if (!this.#isWhole) this.#mirror.rewrite();
  }

  /** A transaction of another realm, in whatever order they are told. */
  told(commit: number, puts: StoreTx['puts'], deletes: readonly StoreKey[]): void {
    this.#take(commit, () => {
      const hasCaughtUp = this.#mirror.followed(puts, deletes);
      // Only a former leader writes base or ends ops. What it wrote may be older than what this one knows.
      const isForeign =
        puts.some(([[table]]) => table === 'base') || deletes.some(([table]) => table === 'op');
      if (hasCaughtUp || (this.#realm.isLeader && isForeign)) this.read();
    });
    // A store that begins anew counts its commits anew.
    if (puts.some(isMark)) this.read();
  }

  /**
   * The leader has the answer of an own op. It deletes the op together with what the answer made of it (DEV-2); to write it once more, as
   * into a store that was lost, would bring it back. Who leads by now ends its ops itself, whatever one that led before still says.
   */
  settled({ session, seq, outcome, code, reason }: Extract<TabMessage, { readonly type: 'settled' }>): void {
    if (!this.#realm.isLeader) this.#realm.store.cancel(opKey(session, seq));
    this.#realm.settle({ session, seq }, outcome, code, undefined, reason);
  }

  /** Another realm knows the store up to this commit. */
  expect(commit: number): void {
    this.#order.expect(commit);
    this.#watchGap();
  }

  /** The pause for late commits is over. */
  fillGap(): void {
    if (this.#order.hasGap) this.read();
  }

  lockGranted(): void {
    this.#lock.granted(this.#realm.store.lastId, this.#readId);
    // Its commit number tells whether this realm knows everything that was written before it got the lock.
    this.#realm.store.put(['meta', 'leader'], this.#realm.session);
  }

  lockLost(): void {
    this.#lock.lost();
  }

  /** Drops what this realm heard from the server and has not stored: it is the next leader's business. Own writes stay. */
  dropServerWrites(): void {
    for (const { ending } of this.#realm.log.sessions.values()) ending.clear();
    const dropped = this.#realm.store.keep(([table, about], value) => {
      if (table === 'reject' || table === 'conflict')
        return value === undefined || (value as Rejection).isShown === true;
      if (table === 'tail') return false;
      return value !== undefined && (about === this.#realm.session || about === 'clock' || table === 'map');
    });
    this.#mirror.keepAhead(dropped);
  }

  #take(commit: number, apply: () => void): void {
    this.#order.take(commit, apply);
    this.#watchGap();
    this.#tryToLead();
  }

  #watchGap(): void {
    if (this.#order.hasGap) this.#realm.fx.arm('gap', GAP_MS);
  }

  #tryToLead(): void {
    const known = this.#order.known ?? -1;
    if (!this.#realm.isLeader && this.#lock.isEnough(known)) this.#ports.mayLead(known);
  }
}

/** Adapters throw typed errors; anything else is named here. */
function storageError(cause: unknown): TopGunError {
  if (cause instanceof TopGunError) return cause;
  const said = {
    message: 'The store failed.',
    remedy: TEXTS && 'See `cause`. The client tries again by itself.',
  };
  return new TopGunError({ code: 'STORAGE_UNAVAILABLE', ...said, retriable: true, cause });
}
