import { type OpAckMessage, OUTCOME } from '@topgun/protocol';
import type { Connection } from '../Connection.js';
import type { ForwardedOp } from './ForwardedOp.js';

/** Whether this node has followed a partition up to an offset. */
export type HasReached = (pid: number, epoch: number, n: number) => boolean;

/** What an answer says of one op. */
export interface Settled {
  readonly seq: number;
  readonly isRejected: boolean;
  readonly pid: number;
  readonly n: number;
}

/** Every op that an answer is about. */
export function* settledIn({ spans, pos }: OpAckMessage): Iterable<Settled> {
  let at = 0;
  for (const [from, count, outcome] of spans)
    for (let seq = from; seq < from + count; seq++) {
      yield { seq, isRejected: outcome === OUTCOME.REJECTED, pid: pos[at] ?? 0, n: pos[at + 1] ?? 0 };
      at += 2;
    }
}

type Place = readonly [pid: number, epoch: number, n: number];

/**
 * The places that a node must have reached before it shows an answer: of its ops, and of the rows beside them, which may have been
 * written later.
 */
function placesIn(answer: OpAckMessage): Place[] {
  const places: Place[] = [];
  const pidOf = new Map<number, number>();
  for (const { seq, pid, n } of settledIn(answer)) {
    // Those without an offset are early, refused, or about what was settled long ago.
    if (n > 0) places.push([pid, answer.epoch, n]);
    if (answer.ex !== undefined) pidOf.set(seq, pid);
  }
  for (const [seq, , row, epoch] of answer.ex ?? [])
    if (row !== null) places.push([pidOf.get(seq) ?? 0, epoch ?? answer.epoch, row[2]]);
  return places;
}

type Pass = (conn: Connection, answer: OpAckMessage, ops: readonly ForwardedOp[]) => void;

interface Held {
  readonly conn: Connection;
  readonly answer: OpAckMessage;
  readonly ops: readonly ForwardedOp[];
  places: Place[];
}

/** Answers of owners to this node's clients, until it has followed the partitions up to them (CLU-32). */
export class HeldAnswers {
  readonly #hasReached: HasReached;
  readonly #pass: Pass;
  #held: Held[] = [];

  constructor(hasReached: HasReached, pass: Pass) {
    this.#hasReached = hasReached;
    this.#pass = pass;
  }

  get size(): number {
    return this.#held.length;
  }

  /** `ops`: those it settles, as far as they took an offset. */
  take(conn: Connection, answer: OpAckMessage, ops: readonly ForwardedOp[]): void {
    const places = this.#ahead(placesIn(answer));
    if (places.length === 0) this.#pass(conn, answer, ops);
    else this.#held.push({ conn, answer, ops, places });
  }

  /** Passes on what the node has reached by now. */
  review(): void {
    if (this.#held.length === 0) return;
    const held = this.#held;
    this.#held = held.filter((one) => {
      one.places = this.#ahead(one.places);
      if (one.places.length > 0) return true;
      this.#pass(one.conn, one.answer, one.ops);
      return false;
    });
  }

  drop(conn: Connection): void {
    if (this.#held.length > 0) this.#held = this.#held.filter((one) => one.conn !== conn);
  }

  #ahead(places: readonly Place[]): Place[] {
    return places.filter((place) => !this.#hasReached(...place));
  }
}
