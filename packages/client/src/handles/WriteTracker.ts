import type { TopGunError } from '@topgun/core';
import type { ClientEvent } from '../engine/ports.js';
import { clientError } from '../errors.js';
import type { Settled, WriteHandle } from './WriteHandle.js';

interface Waiter {
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: TopGunError) => void;
}

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

  settle(event: Extract<ClientEvent, { type: 'settled' }>): void {
    const write = this.#open.get(event.seq);
    if (write === undefined) return;
    this.#open.delete(event.seq);
    write.settle(
      event.code === undefined ? { outcome: event.outcome } : { outcome: event.outcome, code: event.code },
    );
  }

  close(): void {
    const error = clientError(
      'CLIENT_CLOSED',
      'The client was closed before the server answered; the write stays in the log',
    );
    for (const write of this.#open.values()) write.fail(error);
    this.#open.clear();
  }
}

class Pending implements WriteHandle {
  readonly durable: () => Promise<void>;
  #settled: Settled | TopGunError | undefined;
  #waiters: Waiter[] | undefined;

  constructor(durable: () => Promise<void>) {
    this.durable = durable;
  }

  settled(): Promise<Settled> {
    return new Promise((resolve, reject) => {
      if (this.#settled === undefined) this.#waiters = [...(this.#waiters ?? []), { resolve, reject }];
      else if (this.#settled instanceof Error) reject(this.#settled);
      else resolve(this.#settled);
    });
  }

  settle(settled: Settled): void {
    this.#settled = settled;
    for (const waiter of this.#waiters ?? []) waiter.resolve(settled);
  }

  fail(error: TopGunError): void {
    this.#settled = error;
    for (const waiter of this.#waiters ?? []) waiter.reject(error);
  }
}
