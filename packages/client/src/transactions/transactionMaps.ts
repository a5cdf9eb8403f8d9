import type { TransactionWrites } from './TransactionWrites.js';

/** A map of one value per key inside a transaction. */
export class TransactionMap<V> {
  readonly name: string;
  readonly #writes: TransactionWrites;

  constructor(name: string, writes: TransactionWrites) {
    this.name = name;
    this.#writes = writes;
  }

  /** The value, as this transaction has left it so far. */
  get(key: string): V | undefined {
    return this.#writes.get(this.name, key) as V | undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Sets a value; the last one of a key counts. Throws as `set` of a map does, and `CROSS_PARTITION`. */
  set(key: string, value: V, ttlMs?: number): void {
    this.#writes.set(this.name, key, value, ttlMs);
  }

  remove(key: string): void {
    this.#writes.remove(this.name, key);
  }
}

/** A map of a set of values per key inside a transaction. */
export class TransactionORMap<V> {
  readonly name: string;
  readonly #writes: TransactionWrites;

  constructor(name: string, writes: TransactionWrites) {
    this.name = name;
    this.#writes = writes;
  }

  /** The values, as this transaction has left them so far: those that were there in their order, then its own. */
  get(key: string): readonly V[] {
    return this.#writes.values(this.name, key) as readonly V[];
  }

  has(key: string): boolean {
    return this.get(key).length > 0;
  }

  add(key: string, value: V, ttlMs?: number): void {
    this.#writes.add(this.name, key, value, ttlMs);
  }

  /** Removes every element of the key whose value equals this one in depth and which this device has seen, or this transaction added. */
  remove(key: string, value: V): void {
    this.#writes.take(this.name, key, value);
  }
}

/** A counter inside a transaction. */
export class TransactionCounter {
  readonly name: string;
  readonly #writes: TransactionWrites;

  constructor(name: string, writes: TransactionWrites) {
    this.name = name;
    this.#writes = writes;
  }

  /** The value, as this transaction has left it so far. */
  get(): number {
    return this.#writes.total(this.name);
  }

  /** Adds a safe integer of either sign and returns the value. Throws `COUNTER_INVALID`. */
  add(delta: number): number {
    this.#writes.increment(this.name, delta);
    return this.get();
  }
}
