import type { TopGunError } from '@topgun/core';
import type { Reach } from '../engine/PendingOp.js';
import type { ClientEvent } from '../engine/ports.js';
import type { RealmEngine } from '../engine/RealmEngine.js';
import { wireError } from '../engine/wireErrors.js';
import type { WriteGate } from './WriteGate.js';
import type { WriteHandle, WriteLevel, WriteState } from './WriteHandle.js';

/** By `reach + 1`, see there. */
const LEVELS = ['local', 'durable', 'sent', 'received', 'applied', 'persisted'] as const;

type Progress = Pick<RealmEngine, 'reach' | 'ask' | 'isVolatile'>;

const APPLIED = LEVELS.indexOf('applied');

const volatile = (map: string): TopGunError =>
  wireError('VOLATILE_MAP', `The server keeps map "${map}" in memory alone: no write to it is persisted.`);

/** Follows writes from `put` to their answer. It holds one entry per unanswered write, never more than the log does. */
export class WriteTracker {
  readonly engine: Progress;
  readonly whenDurable: () => Promise<void>;
  /** Set when no answer will come any more. */
  fault: TopGunError | undefined;
  readonly #open = new Map<number, TrackedWrite>();
  readonly #gate: Pick<WriteGate, 'admitted'> | undefined;

  constructor(engine: Progress, whenDurable: () => Promise<void>, gate?: Pick<WriteGate, 'admitted'>) {
    this.engine = engine;
    this.whenDurable = whenDurable;
    this.#gate = gate;
  }

  /** The handle of the write to this map with this sequence number. */
  follow(seq: number, map: string): WriteHandle {
    const write = new TrackedWrite(this, seq, map, this.#gate?.admitted());
    this.#open.set(seq, write);
    return write;
  }

  reached({ seq }: Extract<ClientEvent, { type: 'reached' }>): void {
    this.#open.get(seq)?.wake();
  }

  settle({ seq, outcome, code = '', by, reason }: Extract<ClientEvent, { type: 'settled' }>): void {
    const write = this.#open.get(seq);
    this.#open.delete(seq);
    if (!write) return;
    const next = by === undefined ? undefined : this.#open.get(by);
    // Nobody wrote the op that took its place: it is the same write under a new id (ID-2).
    if (by !== undefined && !next) {
      write.seq = by;
      this.#open.set(by, write);
      return;
    }
    if (next) write.end({ name: 'superseded', by: next });
    else if (outcome === 'rejected')
      write.end({ name: 'rejected', reason: code, ...(reason !== undefined && { detail: reason }) });
    else if (outcome === 'superseded') write.end({ name: 'superseded' });
    else if (code === 'VOLATILE_MAP') write.end({ name: 'applied' });
    else write.end(outcome === 'changed' ? { name: 'persisted', isChanged: true } : { name: 'persisted' });
  }

  /** No answer will come any more. */
  close(error: TopGunError): void {
    this.fault = error;
    for (const write of this.#open.values()) write.wake();
    this.#open.clear();
  }
}

interface Waiter {
  readonly level: number;
  readonly resolve: (state: WriteState) => void;
  readonly reject: (error: TopGunError) => void;
}

class TrackedWrite implements WriteHandle {
  seq: number;
  readonly #map: string;
  readonly #tracker: WriteTracker;
  readonly #admitted: Promise<void> | undefined;
  #end: WriteState | undefined;
  #waiters: Waiter[] | undefined;

  constructor(tracker: WriteTracker, seq: number, map: string, admitted: Promise<void> | undefined) {
    this.#tracker = tracker;
    this.seq = seq;
    this.#map = map;
    this.#admitted = admitted;
  }

  get state(): WriteState {
    return this.#end ?? { name: LEVELS[this.#level] as 'local' };
  }

  get #level(): number {
    return (this.#tracker.engine.reach(this.seq) ?? -1) + 1;
  }

  reached(name: WriteLevel): Promise<WriteState> {
    if (name === 'durable') return this.#tracker.whenDurable().then(() => this.state);
    const level = LEVELS.indexOf(name);
    if (name === 'persisted' && this.#tracker.engine.isVolatile(this.#map))
      return Promise.reject(volatile(this.#map));
    return new Promise((resolve, reject) => {
      this.#waiters ??= [];
      this.#waiters.push({ level, resolve, reject });
      if (name !== 'persisted') this.#tracker.engine.ask(this.seq, (level - 1) as Reach);
      this.wake();
    });
  }

  admitted(): Promise<void> {
    return this.#admitted ?? Promise.resolve();
  }

  end(state: WriteState): void {
    this.#end = state;
    this.wake();
  }

  /** Tells those who wait for no more than has come. */
  wake(): void {
    if (!this.#waiters) return;
    const { fault } = this.#tracker;
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ level, resolve, reject }) => {
      if (this.#end?.name === 'applied' && level > APPLIED) reject(volatile(this.#map));
      else if (this.#end || level <= this.#level) resolve(this.state);
      else if (fault) reject(fault);
      else return true;
      return false;
    });
  }
}
