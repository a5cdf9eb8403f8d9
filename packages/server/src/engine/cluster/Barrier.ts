import type { Connection } from '../Connection.js';
import type { Verdict } from '../ports.js';
import type { Staging } from '../Staging.js';
import type { ClusterEffects } from './ports.js';

interface Waiting {
  readonly conn: Connection;
  readonly verdict: Verdict;
}

interface Round {
  readonly waiting: readonly Waiting[];
  /** the node's own flush that had begun last */
  readonly flush: number;
  isAnswered: boolean;
}

/**
 * Lets sessions begin when the node knows everything that was committed before they came (CLU-23). Those of one turn are one round of
 * questions; a round that is answered waits until nothing is missing that others have named, and until it is known what became of the node's
 * own flush that ran then: others may have read from the database what this node has not heard of yet.
 */
export class Barrier {
  readonly #effects: Pick<ClusterEffects, 'ask'>;
  readonly #flushes: Pick<Staging, 'flush' | 'isSettled'>;
  readonly #begin: (conn: Connection, verdict: Verdict) => void;
  #coming: Waiting[] = [];
  readonly #rounds = new Map<number, Round>();
  #number = 0;

  constructor(
    effects: Pick<ClusterEffects, 'ask'>,
    flushes: Pick<Staging, 'flush' | 'isSettled'>,
    begin: (conn: Connection, verdict: Verdict) => void,
  ) {
    this.#effects = effects;
    this.#flushes = flushes;
    this.#begin = begin;
  }

  /** A token was checked. False for a session that has begun, and for one that does not begin. */
  holds(conn: Connection, verdict: Verdict): boolean {
    if (conn.phase === 'READY' || 'error' in verdict) return false;
    this.#coming.push({ conn, verdict });
    return true;
  }

  /** The end of a turn: all who came in it are one round. */
  tick(): void {
    if (this.#coming.length === 0) return;
    this.#rounds.set(++this.#number, {
      waiting: this.#coming,
      flush: this.#flushes.flush,
      isAnswered: false,
    });
    this.#coming = [];
    this.#effects.ask(this.#number);
  }

  answered(round: number): void {
    const found = this.#rounds.get(round);
    if (found !== undefined) found.isAnswered = true;
  }

  /** It has taken too long. */
  giveUp(round: number): void {
    this.#release(round);
  }

  /** Lets those in who wait for nothing else. */
  settle(isBehind: boolean): void {
    if (isBehind || this.#rounds.size === 0) return;
    for (const [round, { isAnswered, flush }] of this.#rounds)
      if (isAnswered && this.#flushes.isSettled(flush)) this.#release(round);
  }

  #release(round: number): void {
    const found = this.#rounds.get(round);
    this.#rounds.delete(round);
    for (const { conn, verdict } of found?.waiting ?? []) this.#begin(conn, verdict);
  }
}
