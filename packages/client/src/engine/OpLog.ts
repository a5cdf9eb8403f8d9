import { deepEqual } from '@topgun/core';
import { type Concern, OP, PERSISTED } from '@topgun/protocol';
import {
  newOp,
  newTransaction,
  opFromStore,
  opKey,
  opToStore,
  type PendingOp,
  type PendingWrite,
  partsOf,
  type Reach,
  tagOp,
  type Write,
  type WriteCode,
} from './PendingOp.js';
import type { RealmBase } from './RealmBase.js';
import { DRAFT_T } from './RealmClock.js';
import type { Replica } from './Replica.js';
import { kindOf } from './rows.js';
import { newSessionLog, type SessionLog } from './SessionLog.js';
import { type Freedom, takePlace } from './takePlace.js';

export interface WriteExtras {
  /** The value whose tags a remove is to find once the store is loaded. */
  readonly wanted?: unknown;
  /** Belongs to a write that was admitted before. */
  readonly isMore?: boolean;
}

/**
 * The local log: what this realm writes, and the pending ops of all realms on the store. An op enters the overlay at
 * once and the store with the tick's transaction; ops of other realms come from the store only.
 * Before the store is loaded ops are drafts: visible, without stamp and base. `finishDrafts` gives them both.
 */
export class OpLog implements Freedom {
  readonly sessions = new Map<string, SessionLog>();
  readonly isLocal: boolean;
  clientId = '';
  /** The life of the server's store that has answered this client for good; undefined until one has. */
  incarnation: string | undefined;
  readonly #realm: RealmBase;
  #nextSeq = 1;
  #lowPut = 1;
  #size = 0;
  #drafts: Set<PendingOp> | undefined = new Set();
  /** Own ops that wait for a transaction. */
  readonly #unissued: PendingOp[] = [];
  readonly #replica: Replica;
  readonly #own: SessionLog;

  constructor(realm: RealmBase, replica: Replica) {
    this.#realm = realm;
    this.isLocal = realm.options.server === false;
    this.#replica = replica;
    this.#own = this.log(realm.session);
  }

  /** Pending ops of all sessions. */
  get size(): number {
    return this.#size;
  }

  get lastSeq(): number {
    return this.#nextSeq - 1;
  }

  /** Whether every own op up to `seq` is in the store. */
  isDurable(seq: number): boolean {
    return this.#own.low > seq;
  }

  log(session: string): SessionLog {
    const log = this.sessions.get(session) ?? newSessionLog();
    this.sessions.set(session, log);
    return log;
  }

  /**
   * The store has this client id. Where another one came before, elements that wait take new tags from it, and so do
   * removals that name them.
   */
  identify(clientId: string): void {
    const before = this.clientId;
    this.clientId = clientId;
    if (before === '' || before === clientId) return;
    const tags = new Map<string, string>();
    for (const op of this.ops()) {
      const old = partsOf(op).map(({ tag }) => tag);
      tagOp(clientId, op);
      for (const [at, { tag }] of partsOf(op).entries()) tags.set(old[at] as string, tag);
    }
    for (const op of this.ops()) {
      for (const part of partsOf(op)) {
        if (part.op === OP.OR_REMOVE) {
          part.value = (part.value as readonly string[]).map((tag) => tags.get(tag) ?? tag);
          if (this.#realm.isLeader) this.rewrite(op);
        }
        this.#replica.maps.get(part.map)?.touch(part.key);
      }
    }
  }

  /** The server with this store has answered an op for good. */
  answeredBy(incarnation: string): void {
    if (incarnation === this.incarnation) return;
    this.incarnation = incarnation;
    this.#realm.store.put(['meta', 'incarnation'], incarnation);
  }

  /** Writes one op of this realm and returns its seq. Kind, key and value are checked by the caller. */
  write(
    op: WriteCode,
    name: string,
    key: string,
    value: unknown,
    ttlMs?: number,
    { wanted, isMore }: WriteExtras = {},
  ): number {
    const map = this.#replica.map(name, kindOf(op));
    const { replaced, payload } = takePlace({ op, key, value }, map, this);
    if (replaced.length === 0 && !isMore) this.#realm.options.admit?.();
    const seq = this.#nextSeq++;
    const made = newOp(this.#realm.session, seq, op, name, key, payload, ttlMs);
    const written = wanted === undefined ? made : { ...made, wanted };
    this.#stamp(written);
    for (const old of replaced) {
      written.base = old.base;
      this.remove(old);
      this.#realm.settle(old, 'superseded', undefined, old.session === made.session ? seq : undefined);
    }
    this.#enter(written);
    return seq;
  }

  /** Makes one op of several writes, at least one, and returns its seq. All is checked by the caller but the kinds: throws `WRONG_KIND`. */
  transact(writes: readonly Write[]): number {
    for (const { map, op } of writes) this.#replica.map(map, kindOf(op));
    this.#realm.options.admit?.();
    const op = newTransaction(this.#realm.session, this.#nextSeq++, writes);
    this.#stamp(op);
    this.#enter(op);
    return op.seq;
  }

  /**
   * Asks the server to say when it has come this far with an own op (SRV-9). Where the op may have been sent, or another realm will send
   * it as the log has it, that is too late: then its answer is the next thing known.
   */
  ask(seq: number, reach: Reach): void {
    const op = this.own(seq);
    const isAsked = op && op.concern > 0 && op.concern < PERSISTED;
    if (!op || isAsked || !this.isFree(op)) return;
    // Each concern is the number before what it brings about.
    op.concern = (reach - 1) as Concern;
    if (!op.isIssued) this.rewrite(op);
  }

  /** An op has come this far, as the server or the leader says. */
  reached(session: string, seq: number, reach: Reach): void {
    const op = this.sessions.get(session)?.ops.get(seq);
    if (!op || op.reach >= reach) return;
    op.reach = reach;
    if (op.concern === PERSISTED) return;
    if (session === this.#realm.session) this.#realm.emit({ type: 'reached', seq, reach });
    else if (this.#realm.isLeader) this.#realm.tabs.post({ type: 'reached', session, seq, reach });
  }

  /** An own op that is not answered. */
  own(seq: number): PendingOp | undefined {
    return this.#own.ops.get(seq);
  }

  /** A seq without op, for a write that has nothing to do; it counts as answered. */
  skip(): number {
    const seq = this.#nextSeq++;
    this.#realm.settle({ session: this.#realm.session, seq }, 'applied');
    return seq;
  }

  /** Stamps the ops made before the store was loaded, in order, above everything that was found there (CLK-2). */
  finishDrafts(): readonly PendingOp[] {
    const drafts = [...(this.#drafts ?? [])];
    for (const op of drafts) this.#drop(op);
    this.#drafts = undefined;
    const refused: PendingOp[] = [];
    for (const draft of drafts) {
      let op = draft;
      const { maps } = this.#replica;
      if (partsOf(op).some((part) => maps.get(part.map)?.kind !== kindOf(part.op))) {
        refused.push(op);
        continue;
      }
      for (const part of partsOf(op)) {
        if (part.wanted === undefined) continue;
        const elements = maps.get(part.map)?.elements(part.key) ?? [];
        part.value = elements.flatMap(({ tag, value }) => (deepEqual(value, part.wanted) ? [tag] : []));
      }
      // A removal that found nothing is no write.
      const parts = partsOf(op).filter(
        ({ op, value }) => op !== OP.OR_REMOVE || (value as unknown[]).length > 0,
      );
      if (parts.length === 0) {
        this.#realm.settle(op, 'applied');
        continue;
      }
      if (op.parts && parts.length < op.parts.length)
        op = newTransaction(op.session, op.seq, parts as PendingWrite[]);
      this.#stamp(op);
      this.add(op);
      this.#persist(op);
    }
    return refused;
  }

  /** Ends a pending op: out of overlay and log. `hadNoEffect`: were it sent again when the server has forgotten it, it would count as applied. */
  remove(op: PendingOp, hadNoEffect = false): void {
    this.#drop(op);
    this.#realm.touch();
    if (op.isAgain || this.#drafts?.delete(op)) return;
    const key = opKey(op.session, op.seq);
    if (!op.isIssued && this.#realm.store.cancel(key)) return;
    this.#realm.store.del(key, hadNoEffect);
    this.log(op.session).ending.add(op.seq);
  }

  /** To be called just before a transaction starts: it carries all own ops made so far, and the low mark that says so. */
  beforeFlush(): void {
    if (this.#drafts || this.#lowPut === this.#nextSeq) return;
    this.#lowPut = this.#nextSeq;
    this.#realm.store.put(['low', this.#realm.session], this.#nextSeq);
    for (const op of this.#unissued.splice(0)) op.isIssued = true;
  }

  /**
   * Gives an op a new id in this realm's session. Its stamp stays where the server knows another op under the old id (ID-2);
   * a stale op gets a new one, and stands on what is seen now (GC-3).
   */
  reissue(op: PendingOp, isStale = false): void {
    this.remove(op, true);
    const seq = this.#nextSeq++;
    const { session } = this.#realm;
    const made = op.parts
      ? newTransaction(session, seq, op.parts)
      : newOp(session, seq, op.op, op.map, op.key, op.value, op.ttlMs);
    if (isStale) this.#stamp(made);
    else tagOp(this.clientId, Object.assign(made, { t: op.t, node: op.node, base: op.base }));
    this.#enter(made);
    // Only the own app can follow an op into the own session.
    this.#realm.settle(op, 'superseded', undefined, op.session === session ? seq : undefined);
  }

  /** An op of the store: found at boot, or committed by another realm. It may have been sent before (DEV-6). */
  load(session: string, seq: number, stored: unknown, isSent: boolean): void {
    const { ops, ending } = this.log(session);
    const known = ops.get(seq);
    ending.delete(seq);
    if (stored === undefined) return known && this.#drop(known);
    const op = opFromStore(this.clientId, session, seq, stored);
    if (known) {
      // Only the leader stamps an op again, and what it has stamped stands.
      if (!this.#realm.isLeader && (known.t !== op.t || known.node !== op.node)) this.#move(known, op);
      return;
    }
    op.isSent = isSent;
    this.#realm.clock.saw(op.t);
    this.add(op);
  }

  /**
   * Stamps ops that were never admitted again, in the order of their stamps so far, by a clock that is set back to the server's time. Their
   * ids stay, and so does the order of the log. All of it goes to the store in one transaction (CLK-5).
   */
  restamp(ops: readonly PendingOp[]): void {
    // What is sent again was admitted once, and keeps its stamp.
    const inOrder = ops.filter((op) => !op.isAgain).sort((a, b) => a.t - b.t || a.seq - b.seq);
    for (const op of inOrder) this.#hide(op);
    this.#realm.clock.reset();
    for (const op of inOrder) {
      this.#stamp(op, true);
      this.#show(op);
      // It may be sent when the store has the new stamp.
      op.isLogged = false;
      this.#persist(op);
    }
  }

  /** Gives a known op another stamp. */
  #move(op: PendingOp, { t, node }: PendingOp): void {
    this.#hide(op);
    op.t = t;
    op.node = node;
    this.#show(op);
  }

  /** Another realm may upload, or has uploaded, everything that is logged; its answers come from the store. */
  assumeSent(): void {
    for (const op of this.ops()) {
      if (op.isIssued) op.isSent = true;
      op.isAnswered = false;
    }
  }

  /** Writes an op to the store once more; one that waits for its transaction is written as it is then. */
  rewrite(op: PendingOp): void {
    if (!op.isAgain && !this.#drafts?.has(op)) this.#persist(op);
  }

  /** No store takes them: own ops are sent all the same. The low mark stays, so that the server remembers what it answers. */
  assumeLogged(): void {
    for (const op of this.#own.ops.values()) if (op.isIssued) op.isLogged = true;
  }

  /** The store has lost the low mark of this realm: the next transaction carries it again. */
  markLost(): void {
    this.#lowPut = 1;
  }

  *ops(): Generator<PendingOp> {
    for (const log of this.sessions.values()) yield* log.ops.values();
  }

  get isAlone(): boolean {
    return this.isLocal && this.#realm.isLeader && this.incarnation === undefined;
  }

  /** Whether nobody else knows of an op yet (DEV-6): replaced may be what no transaction carries yet, or what this realm itself holds unsent. */
  isFree(op: PendingOp): boolean {
    const { session, isLeader } = this.#realm;
    if (this.isAlone) return true;
    return op.session === session && !op.isSent && (!op.isIssued || isLeader);
  }

  /** An op has one stamp, above every version that its writes saw (CLK-3). */
  #stamp(op: PendingOp, isAgain = false): void {
    tagOp(this.clientId, op);
    if (this.#drafts) {
      op.t = DRAFT_T + op.seq;
      return;
    }
    let seenT = 0;
    for (const part of partsOf(op)) {
      const map = this.#replica.map(part.map, kindOf(part.op));
      const seen = map.versionOf(part.key);
      const pending = map.overlay.last(part.key);
      // With a resolver a pending op may lie on top of a base row with a later stamp.
      const baseT = map.base.get(part.key)?.t ?? 0;
      seenT = Math.max(seenT, map.kind === 'LWW' ? Math.max(baseT, seen?.t ?? 0) : 0, pending?.t ?? 0);
      part.base =
        pending && seen === (pending as unknown)
          ? [1, pending.session, pending.seq]
          : seen && map.kind === 'LWW'
            ? [0, seen.t, seen.node]
            : null;
    }
    op.t = this.#realm.clock.stamp(seenT, isAgain);
    op.node = this.#realm.clock.node;
  }

  /** Into overlay and log; a draft waits for its stamp first. */
  #enter(op: PendingOp): void {
    this.add(op);
    if (this.#drafts) this.#drafts.add(op);
    else this.#persist(op);
  }

  /** Takes an op into memory; what is sent again shows nowhere. */
  add(op: PendingOp): void {
    this.log(op.session).ops.set(op.seq, op);
    this.#size++;
    this.#show(op);
  }

  #show(op: PendingOp): void {
    if (op.isAgain) return;
    for (const part of partsOf(op)) {
      // A write of another kind, made in another tab before the kinds met, shows nowhere; the server will refuse it.
      const kind = kindOf(part.op);
      const map = this.#replica.maps.get(part.map) ?? this.#replica.set(part.map, kind);
      if (map.kind === kind) map.addOp(part);
    }
  }

  #drop(op: PendingOp): void {
    if (!this.log(op.session).ops.delete(op.seq)) return;
    this.#size--;
    this.#hide(op);
  }

  #hide(op: PendingOp): void {
    if (op.isAgain) return;
    for (const part of partsOf(op)) this.#replica.maps.get(part.map)?.removeOp(part);
  }

  #persist(op: PendingOp): void {
    if (!op.isIssued) this.#unissued.push(op);
    this.#realm.store.put(opKey(op.session, op.seq), opToStore(op));
    this.#realm.touch();
  }
}
