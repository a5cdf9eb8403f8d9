import type { StoreKey, StoreTx } from './IStorageAdapter.js';
import { STORE_KEY_SEGMENTS_MAX } from './IStorageAdapter.js';
import { storageError } from './storageErrors.js';

/** Throws `STORAGE_KEY` unless every key of the batch has 1 to 6 string segments. */
export function checkStoreTx(batch: StoreTx): void {
  for (const [key] of batch.puts) checkStoreKey(key);
  for (const key of batch.deletes) checkStoreKey(key);
}

/** Throws `STORAGE_KEY` unless the key has 1 to 6 string segments. */
export function checkStoreKey(key: StoreKey): void {
  if (
    key.length < 1 ||
    key.length > STORE_KEY_SEGMENTS_MAX ||
    key.some((segment) => typeof segment !== 'string')
  ) {
    throw storageError('STORAGE_KEY', `The key [${key.map(String).join(', ')}] has ${key.length} segments`);
  }
}
