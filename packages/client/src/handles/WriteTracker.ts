import type { TopGunError } from '@topgun/core';
import type { ClientEvent } from '../engine/ports.js';
import type { Settled, WriteHandle } from './WriteHandle.js';

/** Follows writes from `put` to their answer. It holds one entry per unanswered write, never more than the log does. */
export class WriteTracker {
  readonly #open = new Map<number, Pending>();
  readonly #whenDurable: () => Promise<void>;

  constructor(whenDurable: () => Promise<void>) {
    this.#whenDurable = whenDurable;
  }

  /** The handle of the write with this sequence number. */
  follow(seq: number): WriteHandle {
    const write = new Pending(this.#whenDurable);
    this.#open.set(seq, write);
    return write;
  }

  settle({ seq, outcome, code }: Extract<ClientEvent, { type: 'settled' }>): void {
    this.#open.get(seq)?.settle(code === undefined ? { outcome } : { outcome, code });
    this.#open.delete(seq);
  }

  /** No answer will come any more. */
  close(error: TopGunError): void {
    for (const write of this.#open.values()) write.settle(error);
    this.#open.clear();
  }
}

class Pending implements WriteHandle {
  readonly durable: () => Promise<void>;
  #settled: Settled | TopGunError | undefined;
  #waiters: (() => void)[] = [];

  constructor(durable: () => Promise<void>) {
    this.durable = durable;
  }

  settled(): Promise<Settled> {
    return new Promise((resolve, reject) => {
      const answer = (): void => {
        if (this.#settled instanceof Error) reject(this.#settled);
        else resolve(this.#settled as Settled);
      };
      if (this.#settled === undefined) this.#waiters.push(answer);
      else answer();
    });
  }

  settle(settled: Settled | TopGunError): void {
    this.#settled = settled;
    for (const answer of this.#waiters) answer();
    this.#waiters = [];
  }
}
