import * as LIMITS from '@topgun/protocol/limits';
import type { StoreKey } from '../storage/IStorageAdapter.js';
import type { OpLog } from './OpLog.js';
import { opFromStore, opToStore, type PendingOp } from './PendingOp.js';
import type { RealmBase } from './RealmBase.js';

/** Expiry may come this much late: it is looked for once a minute at least. */
const LOOK_MS_MAX = 60_000;
const ID_DIGITS = 10;

/** The ops that were answered in one turn: one row of the store, `[incarnation, atMs, [session, seq, …opToStore][]]`. */
interface Batch {
  readonly key: StoreKey;
  /** the life of the server's store that answered them */
  readonly incarnation: string;
  /** connected time at their answer, ms */
  readonly atMs: number;
  readonly rows: readonly (readonly unknown[])[];
  readonly sessions: ReadonlySet<string>;
  readonly bytes: number;
  /** ops that are being sent again and have no answer of the present life yet; 0 when nothing is sent again */
  left: number;
}

/**
 * The acknowledged tail: ops whose answer has let them go from overlay and log, kept for ten minutes of connected time (INC-1).
 *
 * A server that restores a backup has lost the ops of the time in between, and has told their makers that they are durable. Only the
 * makers can bring them back: to a server that names another life of its store than the one that answered, they send these ops again
 * under their ids. What the backup holds is a duplicate there, so nothing takes effect twice.
 *
 * Ops that are sent again stay out of the overlay: base shows them already, and is compared with the server when all are answered. The
 * cost otherwise is one row per turn in which answers came, in the transaction that removes the answered ops from the log.
 */
export class AnsweredOps {
  readonly #realm: RealmBase;
  readonly #log: OpLog;
  /** By key of the store; the oldest first from `up` on. */
  #batches = new Map<string, Batch>();
  readonly #again = new Map<PendingOp, Batch>();
  /** Batches by session. */
  readonly #perSession = new Map<string, number>();
  #collected: PendingOp[] = [];
  #bytes = 0;
  #count = 0;
  #nextId = 1;
  #incarnation = '';
  /** Connected time up to the last sign of life of the server: what comes after it may be time without connection. */
  #connectedMs = 0;
  /** Monotone ms of that sign; undefined without connection. */
  #heardAtMs: number | undefined;
  #isWatched = false;

  constructor(realm: RealmBase, log: OpLog) {
    this.#realm = realm;
    this.#log = log;
  }

  /** Whether ops of a session may yet have to be sent again. */
  has(session: string): boolean {
    return this.#perSession.has(session) || this.#collected.some((op) => op.session === session);
  }

  /** Ops that were answered by another life of the store and not yet by this one. */
  again(): Iterable<PendingOp> {
    return this.#again.keys();
  }

  /** The server is there, with this life of its store. Ops that another one answered go back into the log, to be sent again. */
  up(incarnation: string): void {
    this.#incarnation = incarnation;
    this.#heardAtMs = this.#realm.clock.monoMs();
    this.#batches = new Map([...this.#batches].sort(([, a], [, b]) => a.atMs - b.atMs));
    this.#sendAgain([...this.#batches.values()].filter((batch) => batch.incarnation !== incarnation));
    this.#watch();
  }

  /** The server has said something. A long silence before it was sleep: what it says now was waiting in the socket. */
  heard(): void {
    if (this.#heardAtMs === undefined) return;
    const nowMs = this.#realm.clock.monoMs();
    this.#connectedMs += Math.min(nowMs - this.#heardAtMs, LIMITS.deadMs);
    this.#heardAtMs = nowMs;
  }

  down(): void {
    this.#heardAtMs = undefined;
    this.#isWatched = false;
    this.#realm.fx.cancel('answered');
  }

  /** This realm leads no longer: what it was sending again is the next leader's business. */
  release(): void {
    for (const [op, batch] of this.#again) {
      this.#log.remove(op);
      batch.left = 0;
    }
    this.#again.clear();
    this.#collected = [];
  }

  /** An op has left the log with a final answer that is no refusal. */
  add(op: PendingOp): void {
    this.ended(op);
    if (this.#windowMs > 0) this.#collected.push(op);
  }

  /** An op that may have been sent again has its answer. */
  ended(op: PendingOp): void {
    const batch = this.#again.get(op);
    if (this.#again.delete(op) && batch && --batch.left === 0) this.#drop(batch);
  }

  /** To be called just before a transaction starts: it carries the ops that it removes from the log. */
  beforeFlush(): void {
    if (this.#collected.length === 0) return;
    const id = String(this.#nextId++).padStart(ID_DIGITS, '0');
    const rows = this.#collected.map((op) => [op.session, op.seq, ...opToStore(op)]);
    const key = ['tail', this.#realm.session, id];
    const bytes = this.#collected.reduce((sum, op) => sum + op.bytes, 0);
    const sessions = new Set(this.#collected.map((op) => op.session));
    this.#collected = [];
    const atMs = Math.round(this.#connectedMs);
    const batch = { key, incarnation: this.#incarnation, atMs, rows, sessions, bytes, left: 0 };
    this.#keep(batch);
    this.#save(batch);
    this.prune();
  }

  /** A row of the store. */
  load(key: StoreKey, stored: unknown): void {
    const known = this.#batches.get(key.join());
    if (stored === undefined && known) this.#forget(known);
    if (stored === undefined || known) return;
    // Written by #save of this or an older release.
    const [incarnation, atMs, rows] = stored as [string, number, (readonly unknown[])[]];
    const ops = rows.map((row) => this.#opOf(row));
    const bytes = ops.reduce((sum, op) => sum + op.bytes, 0);
    const sessions = new Set(ops.map(({ session }) => session));
    this.#keep({ key, incarnation, atMs, rows, sessions, bytes, left: 0 });
    if (key[1] === this.#realm.session) this.#nextId = Math.max(this.#nextId, Number(key[2]) + 1);
    this.#connectedMs = Math.max(this.#connectedMs, atMs);
  }

  /** The connected time that the store knows. */
  loadConnected(ms: unknown): void {
    if (typeof ms === 'number') this.#connectedMs = Math.max(this.#connectedMs, ms);
  }

  keys(): StoreKey[] {
    return [...this.#batches.values()].map(({ key }) => key);
  }

  /** Writes everything once more, to a store that has lost it. */
  rewrite(): void {
    for (const batch of this.#batches.values()) this.#save(batch);
  }

  /** These ops were answered to a client that this store no longer is. */
  clear(): void {
    this.release();
    for (const batch of [...this.#batches.values()]) this.#drop(batch);
  }

  /** Lets go of what is old, and of the oldest while there is too much. What is being sent again stays. */
  prune(): void {
    for (const batch of this.#batches.values()) {
      const isOver = this.#count > LIMITS.answeredOps || this.#bytes > LIMITS.answeredBytes;
      if (!isOver && batch.atMs + this.#windowMs > this.#connectedMs) break;
      if (batch.left === 0) this.#drop(batch);
    }
    this.#watch();
  }

  /** Notes the connected time, and looks for what is old. */
  look(): void {
    this.#isWatched = false;
    this.#realm.store.put(['meta', 'connected'], Math.round(this.#connectedMs));
    this.prune();
    this.#realm.touch();
  }

  get #windowMs(): number {
    return this.#realm.options.answeredMs ?? LIMITS.answeredMs;
  }

  #watch(): void {
    if (this.#isWatched || this.#heardAtMs === undefined || this.#batches.size === 0) return;
    this.#isWatched = true;
    this.#realm.fx.arm('answered', Math.min(LOOK_MS_MAX, this.#windowMs));
  }

  #sendAgain(batches: readonly Batch[]): void {
    for (const batch of batches) {
      if (batch.left > 0) continue;
      for (const row of batch.rows) {
        const op = this.#opOf(row);
        if (this.#log.log(op.session).ops.has(op.seq)) continue;
        op.isAgain = true;
        this.#log.add(op);
        this.#again.set(op, batch);
        batch.left++;
      }
      if (batch.left === 0) this.#drop(batch);
    }
    if (batches.length > 0) this.#sort();
  }

  /** Ops are sent in the order of their seqs. */
  #sort(): void {
    for (const { ops } of this.#log.sessions.values()) {
      const sorted = [...ops].sort(([a], [b]) => a - b);
      ops.clear();
      for (const [seq, op] of sorted) ops.set(seq, op);
    }
  }

  #opOf([session, seq, ...stored]: readonly unknown[]): PendingOp {
    // Written by beforeFlush.
    return opFromStore(this.#log.clientId, session as string, seq as number, stored);
  }

  #save({ key, incarnation, atMs, rows }: Batch): void {
    this.#realm.store.put(key, [incarnation, atMs, rows]);
  }

  #keep(batch: Batch): void {
    this.#batches.set(batch.key.join(), batch);
    this.#tally(batch, 1);
  }

  #drop(batch: Batch): void {
    this.#forget(batch);
    this.#realm.store.del(batch.key);
  }

  #forget(batch: Batch): void {
    if (this.#batches.delete(batch.key.join())) this.#tally(batch, -1);
  }

  #tally({ rows, sessions, bytes }: Batch, sign: 1 | -1): void {
    this.#bytes += sign * bytes;
    this.#count += sign * rows.length;
    for (const session of sessions) {
      const left = (this.#perSession.get(session) ?? 0) + sign;
      if (left > 0) this.#perSession.set(session, left);
      else this.#perSession.delete(session);
    }
  }
}
