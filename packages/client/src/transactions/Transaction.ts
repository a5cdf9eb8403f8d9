import type { TransactionWrites } from './TransactionWrites.js';
import { TransactionCounter, TransactionMap, TransactionORMap } from './transactionMaps.js';

/** The maps as one transaction sees and writes them; good until its body has returned. Nothing is opened or followed by it. */
export class Transaction {
  readonly #writes: TransactionWrites;

  constructor(writes: TransactionWrites) {
    this.#writes = writes;
  }

  /** A map of one value per key. Throws `MAP_NAME_INVALID`, and `WRONG_KIND` for a name this transaction used otherwise. */
  getMap<V>(name: string): TransactionMap<V> {
    this.#writes.use(name, 'LWW');
    return new TransactionMap<V>(name, this.#writes);
  }

  /** A map of a set of values per key. */
  getORMap<V>(name: string): TransactionORMap<V> {
    this.#writes.use(name, 'OR');
    return new TransactionORMap<V>(name, this.#writes);
  }

  /** A counter. Its partition is that of its name. */
  getPNCounter(name: string): TransactionCounter {
    this.#writes.use(name, 'PN');
    return new TransactionCounter(name, this.#writes);
  }
}
