import type { PendingOp } from './PendingOp.js';
import type { Realm } from './Realm.js';
import type { SessionLog } from './SessionLog.js';
import { settledBelow } from './SessionLog.js';

const PAUSE_MS = 1000;
const PAUSE_MS_MAX = 30_000;

/**
 * Ops that the server refused because their stamps lie too far ahead of its time (CLK-5). They wait until every op that may have been
 * sent has its answer, for an op that was admitted must keep its stamp; then they and all that was never sent are
 * stamped again. When that does not help, because the clock went wrong once more, the next try comes after a growing pause.
 */
export class SkewRepair {
  readonly #realm: Realm;
  readonly #refused = new Set<PendingOp>();
  #pauseMs = 0;
  #notBeforeMs = 0;

  constructor(realm: Realm) {
    this.#realm = realm;
  }

  /** While there is something to repair, nothing is sent that the server cannot have yet. */
  get isPending(): boolean {
    return this.#refused.size > 0;
  }

  has(op: PendingOp): boolean {
    return this.#refused.has(op);
  }

  add(op: PendingOp): void {
    this.#refused.add(op);
  }

  /** The connection ended: what was refused is sent and refused again on the next. */
  clear(): void {
    this.#refused.clear();
  }

  /** The server admits ops again. */
  succeeded(): void {
    this.#pauseMs = 0;
  }

  /** Stamps again if all that was sent is answered; returns ms to wait before the next try. */
  run(seqWindow: number): number | undefined {
    const ops: PendingOp[] = [];
    for (const [session, log] of this.#realm.log.sessions) {
      const unsentFrom = settledBelow(log, this.#realm.tabs.isDead(session)) + seqWindow;
      if (!this.#collect(log, unsentFrom, ops)) return undefined;
    }
    const nowMs = this.#realm.clock.monoMs();
    if (nowMs < this.#notBeforeMs) return this.#notBeforeMs - nowMs;
    this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, PAUSE_MS), PAUSE_MS_MAX);
    this.#notBeforeMs = nowMs + this.#pauseMs;
    this.#refused.clear();
    this.#realm.log.restamp(ops);
    return undefined;
  }

  /** What a session has to stamp again; false while one of its sent ops has no answer. */
  #collect(log: SessionLog, unsentFrom: number, ops: PendingOp[]): boolean {
    for (const op of log.ops.values()) {
      if (op.isAnswered) continue;
      // Ops found in the store count as sent, but none ever was beyond the window.
      if (op.isSent && op.seq < unsentFrom && !this.#refused.has(op)) return false;
      ops.push(op);
    }
    return true;
  }
}
