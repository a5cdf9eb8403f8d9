import type { SimRealm } from './world/SimRealm.js';

/** A value of the workload: which write made it, and a field that policies look at. */
export interface SimValue {
  readonly id: number;
  readonly rank: number;
}

export type WriteKind = 'put' | 'remove' | 'add' | 'take' | 'increment';

/** One write the workload made, and what became of it as far as its own realm was told. */
export interface Write {
  readonly kind: WriteKind;
  readonly map: string;
  readonly key: string;
  readonly realm: SimRealm;
  readonly seq: number;
  /** The value's id of a put or add; the delta of an increment. */
  readonly id: number;
  /** Ids of the values a `take` named. */
  readonly takes: readonly number[];
  outcome?: string;
  code?: string;
}

/** Everything the workload did and was told; kept apart from all engines. */
export class Ledger {
  readonly writes: Write[] = [];
  /** Rejection id → the realm that showed it last. */
  readonly rejections = new Map<string, SimRealm>();
  #nextId = 1;
  readonly #bySeq = new Map<string, Write>();

  nextId(): number {
    return this.#nextId++;
  }

  add(write: Write): void {
    this.writes.push(write);
    this.#bySeq.set(`${write.realm.session}:${write.seq}`, write);
  }

  bySeq(session: string, seq: number): Write | undefined {
    return this.#bySeq.get(`${session}:${seq}`);
  }

  settled(session: string, seq: number, outcome: string, code: string | undefined): void {
    const write = this.#bySeq.get(`${session}:${seq}`);
    if (write === undefined) return;
    write.outcome = outcome;
    if (code !== undefined) write.code = code;
  }
}
