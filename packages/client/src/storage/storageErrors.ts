import { TopGunError } from '@topgun/core';

/** What a client storage can fail with, what to do about it, and whether the same call may succeed later. */
export const storageErrors = {
  STORAGE_UNAVAILABLE: {
    remedy: 'Allow site data (private mode gives none), or use MemoryAdapter and keep nothing.',
    retriable: true,
  },
  STORAGE_VERSION: {
    remedy: 'A newer version of the app wrote this store: close other tabs and reload.',
    retriable: false,
  },
  STORAGE_FULL: {
    remedy: 'Free space or ask the user for persistent storage, then try again.',
    retriable: true,
  },
  STORAGE_VALUE: {
    remedy: 'Store only what a map admits.',
    retriable: false,
  },
  STORAGE_KEY: { remedy: 'Use 1 to 6 string segments.', retriable: false },
  STORAGE_LOST: { remedy: 'Open the store again.', retriable: true },
  STORAGE_CLOSED: { remedy: 'Call open() first, and nothing after close().', retriable: false },
  STORAGE_FAILED: {
    remedy: 'See `cause`. Nothing was stored; try again.',
    retriable: true,
  },
} as const;

export type StorageErrorCode = keyof typeof storageErrors;

/** The typed error an adapter throws; `message` names the store and the key or call concerned. */
export function storageError(code: StorageErrorCode, message: string, cause?: unknown): TopGunError {
  const info = storageErrors[code];
  return new TopGunError({ code, message, remedy: info.remedy, retriable: info.retriable, cause });
}
