import type { Device, SimRealm } from '../world/SimRealm.js';

/** A value of the workload: which write made it, and a field that policies look at. */
export interface SimValue {
  readonly id: number;
  readonly rank: number;
  /** stands in this value alone, and is looked for in every byte that leaves the server (PO-1) */
  readonly mark: string;
}

export type WriteKind = 'put' | 'remove' | 'add' | 'take' | 'increment' | 'transaction' | 'judged' | 'relic';

/** One write the workload made, and what became of it as far as its own realm was told. */
export interface Write {
  readonly kind: WriteKind;
  readonly map: string;
  readonly key: string;
  readonly realm: SimRealm;
  readonly seq: number;
  /** The value's id of a put, an add or a transaction; the delta of an increment; what was written to a judged map. */
  readonly id: number;
  /** What a transaction adds to the counter. */
  readonly adds?: number;
  /** Ids of the values a `take` named. */
  readonly takes: readonly number[];
  outcome?: string;
  code?: string;
}

/** Everything the workload did and was told; kept apart from all engines. */
export class Ledger {
  readonly writes: Write[] = [];
  /** `session:seq` of every write whose rejection was shown. */
  readonly rejectionsShown = new Set<string>();
  /** `session:seq` that stood for two writes (ID-1). */
  readonly reused: string[] = [];
  /** By write: the seq under which it went on last, where it got another id. */
  readonly #goesOnAs = new Map<Write, number>();
  #nextId = 1;
  readonly #writers = new Map<number, Device>();
  readonly #bySeq = new Map<string, Write>();

  nextId(): number {
    return this.#nextId++;
  }

  /** The device that wrote the value with this id. */
  writerOf(id: number): Device | undefined {
    return this.#writers.get(id);
  }

  /** A value is about to be written: it may be shown before the write has a seq. */
  writing(id: number, realm: SimRealm): void {
    this.#writers.set(id, realm.device);
  }

  add(write: Write): void {
    this.writes.push(write);
    const id = `${write.realm.session}:${write.seq}`;
    if (this.#bySeq.has(id)) this.reused.push(id);
    this.#bySeq.set(id, write);
  }

  bySeq(session: string, seq: number): Write | undefined {
    return this.#bySeq.get(`${session}:${seq}`);
  }

  /** The seq whose answer is the answer of a write: its own, or that of the id under which it went on (GC-3). */
  lastSeqOf(write: Write): number {
    return this.#goesOnAs.get(write) ?? write.seq;
  }

  /** `by`: the seq under which the write goes on, if the app did not use it for another one. */
  settled(session: string, seq: number, outcome: string, code?: string, by?: number): void {
    const write = this.#bySeq.get(`${session}:${seq}`);
    if (write === undefined) return;
    const next = `${session}:${by}`;
    if (by !== undefined && !this.#bySeq.has(next)) {
      this.#bySeq.set(next, write);
      this.#goesOnAs.set(write, by);
    }
    write.outcome = outcome;
    if (code !== undefined) write.code = code;
  }
}
