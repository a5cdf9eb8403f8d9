import { TopGunError } from '@topgun/core';
import type { Kind } from '@topgun/protocol';
import type { StoreKey, StoreTx } from '../storage/IStorageAdapter.js';
import { CommitOrder } from './CommitOrder.js';
import { LockProof } from './LockProof.js';
import type { ClientEffects } from './ports.js';
import { type MirrorParts, type MirrorPorts, StoreMirror } from './StoreMirror.js';

/** A commit may be told of this much later than a later one, before it counts as missing. */
const GAP_MS = 100;
const READ_RETRY_MS = 1000;

export interface StoreSidePorts extends MirrorPorts {
  /** Memory is what the store was at this read. */
  read(isFirst: boolean): void;
  /** A transaction of this realm has committed. */
  committed(commit: number, puts: StoreTx['puts'], deletes: readonly StoreKey[]): void;
  /** Everything up to a commit made under the lock is known: this realm may lead. */
  mayLead(known: number): void;
  failed(error: TopGunError): void;
}

/** What this realm and its store know of each other: reads, transactions, and the commits of other realms in between. */
export class StoreSide {
  readonly #fx: ClientEffects;
  readonly #parts: MirrorParts;
  readonly #ports: StoreSidePorts;
  readonly #mirror: StoreMirror;
  readonly #order = new CommitOrder();
  readonly #lock = new LockProof();
  #readId = 0;
  isLoaded = false;

  constructor(fx: ClientEffects, parts: MirrorParts, ports: StoreSidePorts) {
    this.#fx = fx;
    this.#parts = parts;
    this.#ports = ports;
    this.#mirror = new StoreMirror(parts, ports);
  }

  read(): void {
    this.#fx.readStore(++this.#readId, []);
  }

  readDone(id: number, entries: StoreTx['puts'], commit: number): void {
    if (id !== this.#readId) return;
    const isFirst = !this.isLoaded;
    this.#mirror.read(entries, isFirst);
    this.isLoaded = true;
    this.#lock.readDone(id, commit);
    this.#ports.read(isFirst);
    this.#order.reset(commit);
    this.#tryToLead();
  }

  readFailed(id: number, cause: unknown): void {
    if (id !== this.#readId) return;
    this.#ports.failed(storageError(cause));
    this.#fx.arm('read', READ_RETRY_MS);
  }

  /** Writes what waits, unless a transaction is under way. */
  flush(): void {
    const { store, log } = this.#parts;
    if (!this.isLoaded || !store.isReady) return;
    log.beforeFlush();
    store.flush();
  }

  txDone(id: number, commit: number): void {
    const batch = this.#parts.store.done(id);
    if (!batch) return;
    const writes = [...batch.values()];
    this.#mirror.committed(writes);
    const deletes = writes.flatMap(([key, value]) => (value === undefined ? [key] : []));
    this.#ports.committed(
      commit,
      writes.filter(([, value]) => value !== undefined),
      deletes,
    );
    this.#lock.txDone(id, commit);
    this.#take(commit, () => undefined);
  }

  /** The error, unless this completion came before. */
  txFailed(id: number, cause: unknown): TopGunError | undefined {
    if (!this.#parts.store.failed(id)) return undefined;
    const error = storageError(cause);
    this.#ports.failed(error);
    // A full store can still be read: it need not keep this realm from uploading what it holds.
    if (this.#lock.isHeld && !this.#ports.isLeader()) this.read();
    return error;
  }

  lost(reason: string, kinds: ReadonlyMap<string, Kind>): void {
    const message = `The store was lost: ${reason}`;
    const remedy =
      'Nothing has to be done: what this tab holds is written again. Other tabs should be reloaded.';
    this.#ports.failed(new TopGunError({ code: 'STORAGE_LOST', message, remedy, retriable: true }));
    if (!this.isLoaded) return;
    this.#mirror.rewrite(kinds);
    this.read();
  }

  /** A transaction of another realm, in whatever order they are told. */
  told(commit: number, puts: StoreTx['puts'], deletes: readonly StoreKey[]): void {
    this.#take(commit, () => {
      this.#mirror.followed(puts, deletes);
      // Only a former leader writes base or ends ops. What it wrote may be older than what this one knows.
      const isForeign =
        puts.some(([[table]]) => table === 'base') || deletes.some(([table]) => table === 'op');
      if (this.#ports.isLeader() && isForeign) this.read();
    });
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
    this.#lock.granted(this.#parts.store.lastId, this.#readId);
    // Its commit number tells whether this realm knows everything that was written before it got the lock.
    this.#parts.store.put(['meta', 'leader'], this.#ports.session);
  }

  lockLost(): void {
    this.#lock.lost();
  }

  /** Drops what this realm heard from the server and has not stored: it is the next leader's business. Own writes stay. */
  dropServerWrites(): void {
    this.#parts.store.keep(([table, about], value) => {
      if (table === 'reject') return value === undefined;
      return value !== undefined && (about === this.#ports.session || about === 'clock' || table === 'map');
    });
  }

  #take(commit: number, apply: () => void): void {
    this.#order.take(commit, apply);
    this.#watchGap();
    this.#tryToLead();
  }

  #watchGap(): void {
    if (this.#order.hasGap) this.#fx.arm('gap', GAP_MS);
  }

  #tryToLead(): void {
    const known = this.#order.known ?? -1;
    if (!this.#ports.isLeader() && this.#lock.isEnough(known)) this.#ports.mayLead(known);
  }
}

/** Adapters throw typed errors; anything else is named here. */
function storageError(cause: unknown): TopGunError {
  if (cause instanceof TopGunError) return cause;
  const remedy = 'See `cause`. The client tries again by itself.';
  return new TopGunError({
    code: 'STORAGE_UNAVAILABLE',
    message: 'The store failed.',
    remedy,
    retriable: true,
    cause,
  });
}
