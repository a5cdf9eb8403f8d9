import { contextOf } from './clientContext.js';
import type { WriteHandle } from './handles/WriteHandle.js';
import type { TopGunClient } from './TopGunClient.js';
import { Transaction } from './transactions/Transaction.js';
import { TransactionWrites } from './transactions/TransactionWrites.js';
import { transactionError } from './transactions/transactionErrors.js';

export type { Transaction } from './transactions/Transaction.js';
export { type TransactionErrorCode, transactionErrors } from './transactions/transactionErrors.js';
export type {
  TransactionCounter,
  TransactionMap,
  TransactionORMap,
} from './transactions/transactionMaps.js';

/**
 * Several writes that happen together or not at all: on this device, in its store, at the server, and for everybody
 * who looks at the maps. All keys lie in one partition, which a common tag makes sure of: `'{list7}title'` and
 * `'{list7}count'` may change together, in as many maps as you like. Of a counter the name is the key: tag the others with it.
 *
 * ```ts
 * transaction(client, (tx) => {
 *   const accounts = tx.getMap<number>('accounts');
 *   accounts.set('{kim}savings', (accounts.get('{kim}savings') ?? 0) - 10);
 *   accounts.set('{kim}cash', (accounts.get('{kim}cash') ?? 0) + 10);
 * });
 * ```
 *
 * `body` runs at once, and once. What it reads through `tx` includes its own writes; nobody else sees them before it has
 * returned, and nothing was written when it throws. The handle follows all of it as one write: it is applied or rejected as a
 * whole, and a rejection takes all of it back. That a newer write has won on one of the records is no rejection.
 *
 * Throws what the writes throw, and `CROSS_PARTITION` (keys of different partitions, one node or many), `LIMIT` (more than 200
 * writes, 64 maps, or 192 KiB), `WRONG_KIND`, `VOLATILE_MAP` (maps that the server keeps in memory alone beside others),
 * `TRANSACTION_ASYNC` and `TRANSACTION_OVER`.
 */
export function transaction(client: TopGunClient, body: (tx: Transaction) => void): WriteHandle {
  const { writable, writes: tracker } = contextOf(client);
  const engine = writable();
  const writes = new TransactionWrites(engine);
  try {
    // An async function is a function that returns void, to the compiler.
    const returned: unknown = body(new Transaction(writes));
    if (isThenable(returned))
      throw transactionError('TRANSACTION_ASYNC', 'The body of a transaction is asynchronous.');
    const made = writes.finish();
    return tracker.follow(engine.transact(made), made[0]?.map ?? '');
  } finally {
    writes.isOver = true;
  }
}

function isThenable(value: unknown): boolean {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
