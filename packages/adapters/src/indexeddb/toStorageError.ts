import type { StorageErrorCode } from '@topgun/client';
import { storageError } from '@topgun/client';
import { TopGunError } from '@topgun/core';

/** IndexedDB tells faults apart by the name of the DOMException only. */
const codeByExceptionName: Readonly<Record<string, StorageErrorCode>> = {
  QuotaExceededError: 'STORAGE_FULL',
  DataCloneError: 'STORAGE_VALUE',
  VersionError: 'STORAGE_VERSION',
  InvalidStateError: 'STORAGE_LOST',
  SecurityError: 'STORAGE_UNAVAILABLE',
};

/** The typed error for a fault of IndexedDB during `call` on the store `name`; typed errors pass unchanged. */
export function toStorageError(name: string, call: string, cause: unknown): TopGunError {
  if (cause instanceof TopGunError) return cause;
  const exception = cause instanceof Error ? cause : new Error(String(cause));
  const code =
    codeByExceptionName[exception.name] ?? (call === 'open' ? 'STORAGE_UNAVAILABLE' : 'STORAGE_FAILED');
  return storageError(code, `${call}() on store "${name}" failed: ${exception.message}`, cause);
}
