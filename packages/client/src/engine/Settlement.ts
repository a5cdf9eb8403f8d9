import { OP } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { Feeds } from './Feeds.js';
import { type Coverage, foldAnswer } from './foldAnswer.js';
import { type PendingOp, partsOf, wholeOf } from './PendingOp.js';
import type { QueryFeed } from './QueryFeed.js';
import type { Realm } from './Realm.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { compareOffsets } from './rows.js';
import type { Scope } from './Scope.js';
import type { Verdict } from './Verdict.js';

/** What the device follows of the server. */
export interface Following {
  /** By map. */
  readonly scopes: Feeds<Scope>;
  readonly queries: Feeds<QueryFeed>;
  /** What the server says of maps and queries does not show yet. */
  readonly isHeld: boolean;
}

/**
 * Answered ops on their way out of the overlay. An op leaves when all that has to leave before it, or with it, may leave:
 *
 * - A write waits for the earlier ones of its key, whoever made them: base keeps no tombstones, so a removal that left
 *   early would let the older write show through again.
 * - The row of a counter counts every increment that was sent, so they leave together (DEV-5).
 * - The writes of a transaction leave together, once everything this device follows of their maps has come as far as the
 *   answer: what became of each of them the answer does not say, the deltas do (TX-1).
 *
 * So a set of ops leaves in one step, in the order of their stamps, and the turn's transaction stores that step whole.
 */
export class Settlement {
  readonly #realm: Realm;
  readonly #following: Following;
  /** Answers of ops that are still in the overlay, but for those of single increments. */
  readonly #verdicts = new Map<PendingOp, Verdict>();
  /** One increment of each counter that the answer at hand concerns. */
  readonly #counted = new Map<string, PendingOp>();

  constructor(realm: Realm, following: Following) {
    this.#realm = realm;
    this.#following = following;
  }

  /** Takes in the answer of an op, which leaves now or as soon as it may; counters settle at the end of the answer. */
  answered(op: PendingOp, verdict: Verdict): void {
    op.isAnswered = true;
    if (!this.#counterOf(op)) this.#verdicts.set(op, verdict);
    for (const part of partsOf(op)) {
      const counter = this.#counterOf(part);
      if (!counter) continue;
      const others = counter.answered.get(part.key);
      if (others) others.push(part);
      else counter.answered.set(part.key, [part]);
      this.#counted.set(`${part.map} ${part.key}`, part);
      if (op.parts) continue;
      const { isCovered, touch } = this.#coverage(op, verdict);
      if (!verdict.row || !isCovered) continue;
      touch(verdict.row);
      counter.accept(verdict.row);
    }
    if (this.#verdicts.has(op)) this.#release(op);
  }

  /** All that a frame answers is in: the counters it concerns settle, each as a whole. */
  endAnswer(): void {
    for (const part of this.#counted.values()) this.#settleCounter(part);
    this.#counted.clear();
  }

  /** Takes an op out that has no effect; what waited for it may leave. */
  refused(op: PendingOp): void {
    this.#verdicts.delete(op);
    this.#realm.log.remove(op, true);
    for (const part of partsOf(op)) {
      if (this.#counterOf(part)) this.#settleCounter(part);
      const next = this.#mapOf(part)?.overlay.first(part.key);
      if (next) this.#release(wholeOf(next));
    }
  }

  /** An op with its final answer: out of overlay and log, and kept for a while (INC-1). */
  leave(op: PendingOp): void {
    this.#realm.log.remove(op);
    // What the server keeps in memory alone is lost with it, by intention.
    if (!this.#mapOf(partsOf(op)[0] ?? op)?.isVolatile) this.#realm.answered.add(op);
  }

  /** The answers so far were those of another life of the server's store: they count no more. */
  forget(): void {
    this.#verdicts.clear();
  }

  /** What this device follows has changed, or has come further. */
  releaseAll(): void {
    for (const op of [...this.#verdicts.keys()]) this.#release(op);
  }

  /** An increment whose counter waits for the answers of earlier ones: new ones would keep it from settling. */
  mustWait(op: PendingOp): boolean {
    // What may have been sent already is what the answered ones wait for.
    if (op.isSent) return false;
    return partsOf(op).some((part) => {
      const counter = this.#counterOf(part);
      return !!counter?.answered.has(part.key) && isOpen(counter, part.key);
    });
  }

  /**
   * Base takes the row of a counter and the answered increments leave in one step, once no increment that the server may already
   * have counted is unanswered. Where that takes too long, because the log holds more of them than may be sent at once, base counts
   * the answered ones itself.
   */
  #settleCounter(part: PendingOp): void {
    const map = this.#counterOf(part);
    const answered = map?.answered.get(part.key);
    if (!map) return;
    // Where the last one that was sent is refused, no answer brings the row that waits.
    if (!answered) return isOpen(map, part.key) ? undefined : map.release(part.key);
    if (!isOpen(map, part.key)) return this.#release(wholeOf(answered[0] as PendingOp));
    if (answered.length < LIMITS.inFlightOps) return;
    const [alone, shared] = [answered.filter(({ whole }) => !whole), answered.filter(({ whole }) => whole)];
    map.absorb(part.key, alone);
    if (shared.length > 0) map.answered.set(part.key, shared);
    else map.answered.delete(part.key);
    for (const op of alone) this.leave(op);
  }

  /** Lets go of what may leave on the keys of an op, oldest first, and of what that sets free. */
  #release(first: PendingOp): void {
    const due = [...partsOf(first)];
    for (const part of due) {
      for (let next = this.#nextOf(part); next; next = this.#nextOf(part)) {
        const group = this.#groupOf(wholeOf(next));
        if (!group) break;
        this.#end(group);
        for (const { parts } of group) if (parts) due.push(...parts);
      }
    }
  }

  /** What has to leave before all else of its key. */
  #nextOf(part: PendingOp): PendingOp | undefined {
    const map = this.#mapOf(part);
    if (this.#counterOf(part)) return map?.answered.get(part.key)?.[0];
    // An op of another kind than its map stands in the log alone.
    const isInLog = this.#realm.log.sessions.get(part.session)?.ops.get(part.seq) === wholeOf(part);
    return isInLog && !map?.overlay.holds(part) ? part : map?.overlay.first(part.key);
  }

  /** The ops that leave together with this one; undefined while one of them has to stay. */
  #groupOf(first: PendingOp): ReadonlySet<PendingOp> | undefined {
    const group = new Set([first]);
    const counters = new Set<string>();
    // A set also visits what is added on the way.
    for (const op of group) {
      const verdict = this.#verdicts.get(op);
      if (!op.isAnswered || (verdict ? !this.#mayLeave(op, verdict) : !this.#counterOf(op))) return undefined;
      for (const part of partsOf(op)) {
        const map = this.#mapOf(part);
        if (this.#counterOf(part) && map) {
          if (counters.has(part.map)) continue;
          counters.add(part.map);
          if (isOpen(map, part.key)) return undefined;
          for (const other of map.answered.get(part.key) ?? []) group.add(wholeOf(other));
        } else if (map?.overlay.first(part.key) !== part) {
          for (const other of map?.overlay.of(part.key) ?? [])
            if (other.t < part.t) group.add(wholeOf(other));
        }
      }
    }
    return group;
  }

  /**
   * A transaction waits until scopes and queries show it, and every op until the queries of its map do. So does an op whose answer has no offset, for scopes: it was
   * settled before this device forgot it, and a crash took the transaction that removed it, perhaps with rows of base. So does one whose scope
   * stands before it while changes are held back: among these may be what took its row away again, which names no row then.
   */
  #mayLeave(op: PendingOp, { at, pid }: Verdict): boolean {
    const { scopes } = this.#following;
    return partsOf(op).every(({ map }) => {
      const scope = scopes.get(map);
      if (!scope) return this.#areQueriesThere(map);
      if (scope.isRefused) return true;
      const to = scope.position(pid);
      const isThere = to !== undefined && compareOffsets(to, at) >= 0;
      if (isThere || op.parts) return isThere;
      return at.n > 0 ? to === undefined || !this.#following.isHeld : to !== undefined;
    });
  }

  /** Whether every query on a map shows what the server has said so far: only they bring the row of an own write (QRY-6). */
  #areQueriesThere(map: string): boolean {
    const { queries, isHeld } = this.#following;
    const asked = [...queries.all()].filter((query) => query.map === map);
    return asked.length === 0 || (!isHeld && asked.every(({ isHere }) => isHere));
  }

  /** Base takes what the answers say, and the ops go. */
  #end(group: ReadonlySet<PendingOp>): void {
    for (const op of [...group].sort((a, b) => a.t - b.t)) {
      const verdict = this.#verdicts.get(op);
      this.#verdicts.delete(op);
      if (verdict) this.#realm.conflicts.answered(op, verdict);
      for (const part of partsOf(op)) {
        const map = this.#mapOf(part);
        if (this.#counterOf(part)) {
          map?.release(part.key);
          map?.answered.delete(part.key);
        } else if (map && verdict && !op.parts) foldAnswer(map, op, verdict, this.#coverage(op, verdict));
      }
      this.leave(op);
    }
  }

  #coverage({ map }: PendingOp, { pid }: Verdict): Coverage {
    const { scopes, queries } = this.#following;
    const scope = scopes.get(map);
    return {
      isCovered: scope ? !scope.isRefused : [...queries.all()].some((query) => query.map === map),
      hasScope: scope !== undefined,
      to: scope?.reached(pid),
      touch: (row) => scope?.touch(row),
    };
  }

  #mapOf({ map }: PendingOp): ReplicaMap | undefined {
    return this.#realm.replica.maps.get(map);
  }

  /** The counter that a write increments. */
  #counterOf(part: PendingOp): ReplicaMap | undefined {
    const map = this.#mapOf(part);
    return part.op === OP.INCREMENT && map?.kind === 'PN' ? map : undefined;
  }
}

/** The server may have counted an increment that it has not answered. */
const isOpen = ({ overlay }: ReplicaMap, key: string): boolean =>
  overlay.of(key).some(({ isSent, isAnswered }) => isSent && !isAnswered);
