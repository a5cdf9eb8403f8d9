import { millisOf } from '@topgun/core';
import { CONCERN, type ErrorCode, type OpsMessage, OUTCOME } from '@topgun/protocol';
import type { Answers } from './Answers.js';
import { earlyLevel } from './Answers.js';
import type { Connection } from './Connection.js';
import type { Elsewhere } from './cluster/ports.js';
import type { DedupTable } from './DedupTable.js';
import type { EngineLimits } from './EngineLimits.js';
import { errorMessage } from './errorMessage.js';
import { type Judge, kindOf } from './Judge.js';
import type { Lane } from './Lane.js';
import type { MapQuota } from './MapQuota.js';
import type { MapState } from './MapState.js';
import { mapOf, nameOf, Op } from './Op.js';
import type { OwnerClock } from './OwnerClock.js';
import type { ServerEffects } from './ports.js';
import type { StoreLife } from './Rebirth.js';
import { mapMetaName, mapOfMetaName, metaOf, type RecordTable } from './RecordTable.js';
import { Screening } from './Screening.js';
import type { Staging } from './Staging.js';
import type { Tally } from './Tally.js';

export interface AdmissionParts {
  readonly effects: ServerEffects;
  readonly limits: EngineLimits;
  readonly life: StoreLife;
  readonly clock: OwnerClock;
  readonly table: RecordTable;
  readonly dedup: DedupTable<Op>;
  readonly judge: Judge;
  readonly answers: Answers;
  readonly tally: Tally;
  readonly mapQuota: MapQuota;
  /** the program is asked about every op (INT-3) */
  readonly isScreened: boolean;
  /** of a cluster: where ops of partitions go that are not taken in here */
  readonly elsewhere: Elsewhere | undefined;
}

/**
 * The way of an op into the staged state, always in this order (SRV-1): session → dedup → permission on the old and the
 * new row → clock → merge. Nothing before the last step changes anything but what is remembered of refusals.
 */
export class Admission {
  /** set on the way down: new ops are answered UNAVAILABLE */
  isClosed = false;
  /** where ops wait for the program; undefined where it is not asked */
  readonly screening: Screening | undefined;
  readonly #parts: AdmissionParts;
  readonly #stagings: readonly [durable: Staging, volatile: Staging];
  #parked = 0;
  #parkedBytes = 0;

  constructor(parts: AdmissionParts, durable: Staging, volatile: Staging) {
    this.#parts = parts;
    this.#stagings = [durable, volatile];
    const { isScreened, effects, limits } = parts;
    if (!isScreened) return;
    this.screening = new Screening(effects, limits, {
      full: () => parts.tally.hit('screenedOps'),
      admit: (op, now) => this.readmit([op], now),
      giveBack: (op, code) => this.#giveBack(op, code),
    });
  }

  /** Ops that wait for the meta record of their map, or for the program. */
  get parked(): number {
    return this.#parked + (this.screening?.waiting ?? 0);
  }

  /** Bytes of all ops that were taken in and are not durable, about. */
  get pendingBytes(): number {
    const [durable, volatile] = this.#stagings;
    return durable.bytes + volatile.bytes + this.#parkedBytes;
  }

  /** Takes in a frame of ops that came in so many bytes. */
  ops(
    conn: Connection,
    { session: id, settledBelow, incarnation, concern, maps, rows }: OpsMessage,
    now: number,
    bytes = 0,
  ): void {
    if (!conn.sessions.has(id)) {
      for (const row of rows) this.#refuse(conn, id, row[0], 'SESSION_UNKNOWN');
      return;
    }
    const session = this.#parts.dedup.session(conn.clientId, id);
    if (incarnation === this.#parts.life.incarnation) session.claim(settledBelow, now);
    else this.#tellOfLife(conn, id);
    const share = Math.ceil(bytes / rows.length);
    let isSkewed = false;
    let isToldFull = false;
    for (const row of rows) {
      const op = new Op(conn, session, row, maps, concern, share);
      const isFull = this.#isFull(op.bytes);
      const fault = (isFull ? 'UNAVAILABLE' : undefined) ?? this.#intake(op, now) ?? this.admit(op, now);
      if (fault === undefined) continue;
      if (isFull && !isToldFull) {
        isToldFull = true;
        const { pendingRetryMs: retryAfterMs } = this.#parts.limits;
        this.#parts.effects.send(conn.id, errorMessage('UNAVAILABLE', { retryAfterMs, ref: id }));
      }
      if (fault === 'CLOCK_SKEW' && !isSkewed) {
        isSkewed = true;
        this.#parts.effects.send(conn.id, errorMessage('CLOCK_SKEW', { serverTime: now, ref: id }));
      }
      this.#refuse(conn, id, op.seq, fault);
    }
  }

  /** What the client calls settled was settled by another life of the store. Its ops are taken in all the same, for dedup knows them. */
  #tellOfLife(conn: Connection, session: string): void {
    if (conn.isToldOfLife) return;
    conn.isToldOfLife = true;
    this.#parts.effects.send(conn.id, errorMessage('NEW_INCARNATION', { ref: session }));
  }

  /** Admits ops again that a failed flush gave back, or that waited for their map. */
  readmit(ops: readonly Op[], now: number): void {
    for (const op of ops) {
      const fault = this.admit(op, now);
      if (fault !== undefined) this.#giveBack(op, fault);
    }
  }

  /** Lets the ops of maps in, whose meta records have become durable. */
  founded(meta: ReadonlyMap<string, unknown>, now: number): void {
    for (const [name, value] of meta) {
      const map = this.#parts.table.map(mapOfMetaName(name) ?? '');
      if (map === undefined) continue;
      map.known = value;
      this.#found(map, now);
    }
  }

  /** Other nodes have decided what some maps are: ops that wait for these are judged by that. */
  followed(names: Iterable<string>, now: number): void {
    for (const name of names) {
      const map = this.#parts.table.map(mapOfMetaName(name) ?? '');
      if (map === undefined) continue;
      if (map.isFounded) this.#found(map, now);
      // What this node wanted to be known of it was not taken: its ops ask for it anew.
      else this.readmit(this.#unpark(map), now);
    }
  }

  #found(map: MapState, now: number): void {
    map.isFounded = true;
    this.readmit(this.#unpark(map), now);
  }

  #unpark(map: MapState): Op[] {
    const ops = map.parked;
    map.parked = [];
    this.#parked -= ops.length;
    for (const { bytes } of ops) this.#parkedBytes -= bytes;
    return ops;
  }

  /** One op, from dedup on. Returns the code of a refusal that is not remembered. */
  admit(op: Op, now: number): ErrorCode | undefined {
    const lane = this.#parts.table.laneOf(nameOf(op));
    const partition = lane.partition(op.pid);
    // Its owner alone judges, and knows what became of it (CLU-30).
    if (!partition.isOwn) return this.#parts.elsewhere?.take(op, now) ?? undefined;
    const staging = this.#stagingOf(lane);
    if (staging.isHolding) {
      staging.hold(op);
      if (op.concern === CONCERN.MEMORY) this.#announce(op, OUTCOME.APPLIED);
      return undefined;
    }
    const { answers, tally, limits, judge } = this.#parts;
    const { session, seq } = op;

    const staged = session.staged(seq);
    if (staged !== undefined) {
      if (staged.entry?.fingerprint !== op.fingerprint()) return 'ID_REUSED';
      tally.duplicate++;
      staged.join(op.conn);
      this.#announce(op, staged.entry?.outcome ?? OUTCOME.APPLIED);
      return undefined;
    }
    const known = session.find(seq);
    if (known !== undefined) {
      if (known.fingerprint !== op.fingerprint()) return 'ID_REUSED';
      tally.duplicate++;
      answers.again(op, known);
      return undefined;
    }
    if (session.isSettled(seq)) {
      tally.duplicate++;
      answers.settled(op);
      return undefined;
    }
    if (seq >= session.settledBelow + limits.seqWindow) {
      tally.hit('seqWindow');
      return 'SEQ_WINDOW';
    }

    if (this.screening !== undefined && op.screened === undefined) return this.screening.ask(op);
    const refusal = op.screened?.refusal;
    const fault =
      op.concern === CONCERN.REPLICATED
        ? 'REPLICATED_UNSUPPORTED'
        : (refusal?.code ?? judge.rule(op, lane, partition.staged + 1, now));
    if (fault !== undefined) {
      tally.refuse(fault);
      this.#stage(op, lane, OUTCOME.REJECTED, 0, now, fault);
      return undefined;
    }
    if (millisOf(op.t) > now + limits.skewMs) {
      tally.hit('skewMs');
      return 'CLOCK_SKEW';
    }
    const excess = this.#parts.mapQuota.refuses(op, now);
    if (excess !== undefined) return excess;
    if (this.#park(op, now)) return undefined;

    // Nothing but an admitted op ever moves the clock (CLK-4).
    this.#parts.clock.saw(op.t);
    if (judge.madeT > 0) this.#parts.clock.saw(judge.madeT);
    // Its writer must learn what stands in place of what he sent.
    const isOther = op.screened?.values !== undefined && judge.outcome === OUTCOME.APPLIED;
    const outcome = isOther ? OUTCOME.CHANGED : judge.outcome;
    // The last answer to a volatile op is told by its offset (SRV-10).
    if (judge.rows.length > 0 || judge.isHidden || lane.isVolatile) partition.staged++;
    if (outcome === OUTCOME.SUPERSEDED) tally.superseded++;
    else tally.applied++;
    this.#stage(op, lane, outcome, partition.high.n, now);
    return undefined;
  }

  /** What a fresh op is held against before all else. */
  #intake(op: Op, now: number): ErrorCode | undefined {
    const { node, session, conn } = op;
    const { unusedClientMs, skewMs } = this.#parts.limits;
    // It may have been executed before its session was forgotten with a client that was away for too long (SRV-4).
    if (session.isUnused && millisOf(op.t) < now - unusedClientMs + skewMs) return 'UNKNOWN_CLIENT';
    // A stamp names who made it: a session of this very connection.
    if (node !== session.session && !conn.sessions.has(node)) return 'SESSION_UNKNOWN';
    return this.isClosed ? 'UNAVAILABLE' : undefined;
  }

  /** Whether no more is held until the store has caught up (CLU-60). */
  #isFull(bytes: number): boolean {
    const { tally, limits } = this.#parts;
    const [durable, volatile] = this.#stagings;
    const pending = durable.staged + durable.held + volatile.staged + this.parked;
    if (pending >= limits.pendingOps) tally.hit('pendingOpsPerNode');
    // One op at least has room, whatever its size.
    else if (pending > 0 && this.pendingBytes + bytes > limits.pendingBytes) tally.hit('pendingBytesPerNode');
    else return false;
    return true;
  }

  /** Makes an op wait whose map has no durable meta record yet, and asks for that record (DAT-2). */
  #park(op: Op, now: number): boolean {
    const { table } = this.#parts;
    for (let at = 0; at < op.writeCount; at++) {
      const { code, mapIdx } = op.writeAt(at);
      const name = mapOf(op, mapIdx);
      const map = table.obtain(name);
      if (map.isFounded) continue;
      map.kind ??= kindOf(code);
      if (map.parked.length === 0)
        this.#stagings[0].stageMeta(mapMetaName(name), metaOf(map), now, { value: map.known });
      op.session.isWritten = true;
      map.parked.push(op);
      this.#parked++;
      this.#parkedBytes += op.bytes;
      if (op.concern === CONCERN.MEMORY) this.#announce(op, OUTCOME.APPLIED);
      return true;
    }
    return false;
  }

  #stage(op: Op, lane: Lane, outcome: 0 | 1 | 2 | 3, n: number, now: number, code?: ErrorCode): void {
    const { judge, table } = this.#parts;
    const isRejected = code !== undefined;
    const epoch = isRejected ? table.epoch : lane.partition(op.pid).high.epoch;
    const { concern, pid, seq, t, node } = op;
    const fingerprint = op.fingerprint(judge.rows[0]);
    const entry = { pid, seq, outcome, t, node, n, epoch, fingerprint, concern };
    // The judge is not asked about every op: a reason of before is about somebody else's.
    const reason = code === 'RESOLVER_REJECTED' ? judge.reason : op.screened?.refusal?.reason;
    op.entry = isRejected ? { ...entry, code, ...(reason && { reason }) } : entry;
    this.#stagingOf(lane).stage(op, isRejected ? NO_ROWS : judge.rows, now);
    if (!isRejected) this.#announce(op, judge.isHidden ? OUTCOME.APPLIED : outcome);
  }

  /** Tells the writer, and nobody else, before the op is durable, if it asked for that (SRV-9). */
  #announce(op: Op, outcome: 0 | 1 | 2 | 3): void {
    const level = earlyLevel(op.concern);
    if (level === undefined || op.isAnnounced || outcome === OUTCOME.REJECTED) return;
    // What it is applied to may come to nothing with it (CLU-60).
    if (level === CONCERN.APPLIED && this.#stagings[0].isFailing) return;
    op.isAnnounced = true;
    this.#parts.answers.early(op, op.conn, level, level === CONCERN.MEMORY ? OUTCOME.APPLIED : outcome);
  }

  #stagingOf({ isVolatile }: Lane): Staging {
    return this.#stagings[isVolatile ? 1 : 0];
  }

  /** To everybody who waits for an answer to it. */
  #giveBack(op: Op, code: ErrorCode): void {
    for (const conn of [op.conn, ...(op.joined ?? [])]) this.#refuse(conn, op.session.session, op.seq, code);
  }

  #refuse(conn: Connection, session: string, seq: number, code: ErrorCode): void {
    this.#parts.tally.refuse(code);
    this.#parts.answers.refuse(conn, session, seq, code);
  }
}

const NO_ROWS = [] as const;
