import { TopGunError } from '@topgun/core';

/** What a client storage can fail with, what to do about it, and whether the same call may succeed later. */
export const storageErrors = {
  STORAGE_UNAVAILABLE: {
    remedy:
      'The platform gives no storage here (private mode, blocked site data, or no IndexedDB). Allow it, or use MemoryAdapter and keep nothing.',
    retriable: true,
  },
  STORAGE_VERSION: {
    remedy: 'A newer version of the app wrote this store. Close other tabs and reload to get that version.',
    retriable: false,
  },
  STORAGE_FULL: {
    remedy: 'Free space on the device or ask the user for persistent storage, then try again.',
    retriable: true,
  },
  STORAGE_VALUE: {
    remedy:
      'Store only what a map admits: null, booleans, numbers, strings, bigint, Date, bytes, arrays, plain objects.',
    retriable: false,
  },
  STORAGE_KEY: { remedy: 'Use 1 to 6 string segments.', retriable: false },
  STORAGE_LOST: { remedy: 'The browser or another tab closed the store. Open it again.', retriable: true },
  STORAGE_CLOSED: { remedy: 'Call open() first, and do not use the store after close().', retriable: false },
  STORAGE_FAILED: {
    remedy: 'See `cause`. The transaction left nothing behind and may be tried again.',
    retriable: true,
  },
} as const;

export type StorageErrorCode = keyof typeof storageErrors;

/** The typed error an adapter throws; `message` names the store and the key or call concerned. */
export function storageError(code: StorageErrorCode, message: string, cause?: unknown): TopGunError {
  const info = storageErrors[code];
  return new TopGunError({ code, message, remedy: info.remedy, retriable: info.retriable, cause });
}
