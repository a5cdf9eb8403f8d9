import {
  type Concern,
  type ErrorCode,
  type OpAckMessage,
  type OpRow,
  PERSISTED,
  type SubRow,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { type PendingOp, type PendingWrite, partsOf, REACH, type Reach } from './PendingOp.js';
import type { SettledOutcome } from './ports.js';
import type { Realm } from './Realm.js';
import { rowFromWire } from './rows.js';
import { type SessionLog, settledBelow } from './SessionLog.js';
import { SkewRepair } from './SkewRepair.js';
import type { Verdict } from './Verdict.js';
import { isRetriable } from './wireErrors.js';

/** In the order of their codes on the wire; a duplicate is of an op that was applied. */
const OUTCOMES: readonly SettledOutcome[] = ['applied', 'superseded', 'changed', 'rejected', 'applied'];
const LATER_MS = 1000;
const LATER_MS_MAX = 30_000;

export interface UploaderPorts {
  /** Calls `retryLater` after a pause. */
  armLater(delayMs: number): void;
  /** The op is answered for good. */
  fold(op: PendingOp, verdict: Verdict): void;
  refuse(op: PendingOp, code: ErrorCode, reason?: string): void;
  /** An increment of a counter whose answered increments wait for each other: new ones would keep it from settling (DEV-5). */
  mustWait(op: PendingOp): boolean;
}

/**
 * Sends the log of every session to the server: only ops that the store holds, in the order of their seqs, in frames and
 * windows bounded by count and bytes, none further than the dedup window above the lowest unsettled one (SRV-3, SRV-5).
 * What is unanswered when a connection ends is sent again unchanged on the next.
 */
export class Uploader {
  readonly #realm: Realm;
  readonly #ports: UploaderPorts;
  readonly #inFlight = new Set<PendingOp>();
  readonly #declared = new Set<string>();
  readonly #later = new Set<PendingOp>();
  readonly #skew: SkewRepair;
  /** Until `retryLater` nothing is stamped again. */
  #isPausing = false;
  /** Until `retryLater` nothing is sent. */
  #isHeld = false;
  #laterMs = LATER_MS;
  #bytes = 0;
  #isOpen = false;
  #incarnation = '';
  #opsPerFrame: number = LIMITS.inFlightOps / 2;
  #seqWindow: number = LIMITS.seqWindow;

  constructor(realm: Realm, ports: UploaderPorts) {
    this.#realm = realm;
    this.#ports = ports;
    this.#skew = new SkewRepair(realm);
  }

  /** Sessions for AUTH: this realm's, and those with ops to send. */
  sessionsFor(own: string): readonly string[] {
    this.#declared.add(own);
    for (const [session, log] of this.#realm.log.sessions) {
      if (this.#declared.size < LIMITS.sessionsPerAuth && log.ops.size > 0) this.#declared.add(session);
    }
    return [...this.#declared].slice(0, LIMITS.sessionsPerAuth);
  }

  open(incarnation: string, limits: { readonly opsPerFrame: number; readonly seqWindow: number }): void {
    this.#incarnation = incarnation;
    // Two frames at least fill the window: the server commits one while the other is made.
    this.#opsPerFrame = Math.min(limits.opsPerFrame, LIMITS.inFlightOps / 2);
    this.#seqWindow = Math.min(limits.seqWindow, LIMITS.seqWindow);
    this.#isOpen = true;
    this.pump();
  }

  close(): void {
    this.#isOpen = false;
    this.#declared.clear();
    this.#inFlight.clear();
    this.#later.clear();
    this.#skew.clear();
    this.#isPausing = this.#isHeld = false;
    this.#bytes = 0;
  }

  /** Monotone ms at which the oldest unanswered op was sent. */
  get waitingSinceMs(): number | undefined {
    for (const op of this.#inFlight) {
      if (this.#realm.log.sessions.get(op.session)?.ops.get(op.seq) === op) return op.sentAtMs;
      this.#forget(op);
    }
    return undefined;
  }

  /** Whether one of these ops is still on its way, and not put off at the server's wish. */
  isSending(ops: Iterable<PendingOp>): boolean {
    for (const op of ops) if (!this.#later.has(op)) return true;
    return false;
  }

  /** Sends what the windows allow. */
  pump(): void {
    if (!this.#isOpen || this.#isHeld) return;
    for (const [session, log] of this.#realm.log.sessions) {
      if (log.ops.size === 0 || !this.#declare(session)) continue;
      while (this.#sendFrame(session, log));
    }
    this.#repair();
  }

  /** A realm that is gone with nothing left in the log: the server may forget its session. */
  end(session: string): void {
    if (this.#isOpen && this.#declare(session)) this.#realm.fx.send({ type: 'SESSION_END', session });
    this.#declared.delete(session);
  }

  answer(message: OpAckMessage): void {
    const log = this.#realm.log.sessions.get(message.session);
    if (!log) return;
    const { level, pos } = message;
    const isPersisted = level === PERSISTED;
    const exceptions = new Map((message.ex ?? []).map((exception) => [exception[0], exception]));
    if (isPersisted) this.#realm.log.answeredBy(this.#incarnation);
    let i = 0;
    for (const [from, count, code] of message.spans) {
      const outcome = OUTCOMES[code] ?? 'applied';
      for (let seq = from; seq < from + count; seq++, i += 2) {
        const n = pos[i + 1] ?? 0;
        // Only the last answer lets go of an op: PERSISTED, or the one with an offset on a map that memory alone keeps (SRV-6, SRV-10).
        if (!isPersisted && n === 0) {
          // Each level is the number before what it tells of.
          this.#realm.log.reached(message.session, seq, (level + 1) as Reach);
          continue;
        }
        const op = log.ops.get(seq);
        if (!op?.isLogged || op.isAnswered) continue;
        this.#forget(op);
        const [, refusal, row, epoch, reason] = exceptions.get(seq) ?? [];
        if (outcome === 'rejected') this.#rejected(op, refusal ?? 'INTERNAL', reason ?? undefined);
        else {
          this.#laterMs = LATER_MS;
          this.#skew.succeeded();
          this.#realm.clock.admitted(op.t);
          const current = row ? rowFromWire(row, message.nodes ?? [], epoch ?? message.epoch) : undefined;
          const at = { epoch: message.epoch, n };
          this.#ports.fold(op, { outcome, isPersisted, pid: pos[i] ?? 0, at, row: current });
        }
      }
    }
    this.pump();
  }

  /** The pause after a retriable refusal is over: sends again. */
  retryLater(): void {
    this.#isPausing = this.#isHeld = false;
    // Once per pause, not once per op: many are put off together.
    this.#laterMs = Math.min(this.#laterMs * 2, LATER_MS_MAX);
    this.#later.clear();
    this.pump();
  }

  /** Holds everything unanswered back for a while, at the server's wish. */
  pause(delayMs: number): void {
    for (const op of this.#inFlight) this.#later.add(op);
    this.#inFlight.clear();
    this.#bytes = 0;
    this.#isHeld = true;
    this.#ports.armLater(delayMs);
  }

  #rejected(op: PendingOp, code: ErrorCode, reason: string | undefined): void {
    if (code === 'ID_REUSED' && !op.isAgain) this.#realm.log.reissue(op);
    else if (!isRetriable(code)) this.#ports.refuse(op, code, reason);
    else if (code === 'CLOCK_SKEW') this.#skew.add(op);
    else {
      this.#later.add(op);
      this.#ports.armLater(this.#laterMs);
    }
  }

  /** Ops stamped by a clock that was ahead are stamped again once all that was sent is answered. */
  #repair(): void {
    if (!this.#skew.isPending || this.#isPausing || this.#inFlight.size > 0 || this.#later.size > 0) return;
    const waitMs = this.#skew.run(this.#seqWindow);
    if (waitMs === undefined) return;
    this.#isPausing = true;
    this.#ports.armLater(waitMs);
  }

  #declare(session: string): boolean {
    if (this.#declared.has(session)) return true;
    if (this.#declared.size >= LIMITS.sessionsPerConnection) return false;
    this.#declared.add(session);
    this.#realm.fx.send({ type: 'SESSIONS', sessions: [session] });
    return true;
  }

  /** Sends one frame of a session; false when there was nothing to send or no room. */
  #sendFrame(session: string, log: SessionLog): boolean {
    if (this.#inFlight.size >= LIMITS.inFlightOps) return false;
    const below = settledBelow(log, this.#realm.tabs.isDead(session));
    const maps: string[] = [];
    const rows: OpRow[] = [];
    let bytes = 0;
    let concern: Concern | undefined;
    // A frame has one concern. Ops of another wait for theirs, and so do later ones of the same key.
    const skipped = new Set<string>();
    for (const op of log.ops.values()) {
      if (this.#inFlight.has(op) || this.#later.has(op) || this.#skew.has(op) || op.isAnswered) continue;
      if (this.#skew.isPending && !op.isSent) break;
      concern ??= op.concern;
      if (concern !== op.concern || (skipped.size > 0 && itemsOf(op).some((item) => skipped.has(item)))) {
        for (const item of itemsOf(op)) skipped.add(item);
        if (skipped.size >= this.#opsPerFrame) break;
        continue;
      }
      if (!op.isLogged || op.seq >= below + this.#seqWindow || this.#ports.mustWait(op)) break;
      if (this.#inFlight.size >= LIMITS.inFlightOps || rows.length >= this.#opsPerFrame) break;
      if (this.#bytes > 0 && this.#bytes + op.bytes > LIMITS.inFlightBytes) break;
      if (rows.length > 0 && bytes + op.bytes > LIMITS.opsBytesPerFrame) break;
      const named = maps.length;
      for (const { map } of partsOf(op)) if (!maps.includes(map)) maps.push(map);
      if (maps.length > LIMITS.mapsPerFrame) {
        maps.length = named;
        break;
      }
      // A reissued op keeps its stamp, which names the session it was first made in.
      if (op.node !== session && !this.#declare(op.node)) break;
      rows.push(rowOf(op, maps));
      bytes += op.bytes;
      this.#bytes += op.bytes;
      op.isSent = true;
      op.sentAtMs = this.#realm.clock.monoMs();
      this.#inFlight.add(op);
      this.#realm.log.reached(session, op.seq, REACH.SENT);
    }
    if (concern === undefined || rows.length === 0) return false;
    this.#realm.fx.send({
      type: 'OPS',
      session,
      settledBelow: below,
      incarnation: this.#incarnation,
      concern,
      maps,
      rows,
    });
    return true;
  }

  #forget(op: PendingOp): void {
    this.#later.delete(op);
    if (this.#inFlight.delete(op)) this.#bytes -= op.bytes;
  }
}

/** Names of the records that an op is about. */
const itemsOf = (op: PendingOp): readonly string[] => partsOf(op).map(({ map, key }) => `${map} ${key}`);

/** An op as it travels; `maps` is the table of its frame. */
function rowOf(op: PendingOp, maps: readonly string[]): OpRow {
  const { seq, map, key, t, base, ttlMs, node, parts } = op;
  const payload = parts?.map((part) => subRowOf(part, maps)) ?? op.value ?? null;
  const row = [seq, op.op, maps.indexOf(map), key, t, base, payload] as const;
  if (node !== op.session) return [...row, ttlMs ?? null, node];
  return ttlMs ? [...row, ttlMs] : row;
}

function subRowOf({ op, map, key, base, value, ttlMs }: PendingWrite, maps: readonly string[]): SubRow {
  const row = [op, maps.indexOf(map), key, base, value ?? null] as const;
  return ttlMs ? [...row, ttlMs] : row;
}
