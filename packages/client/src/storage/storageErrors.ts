import { errorsOf, final, passing } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';

/** What a client storage can fail with, what to do about it, and whether the same call may succeed later. */
export const storageErrors = {
  STORAGE_UNAVAILABLE: passing(
    TEXTS && 'Allow site data (private mode gives none), or use MemoryAdapter and keep nothing.',
  ),
  STORAGE_VERSION: final(
    TEXTS && 'A newer version of the app wrote this store: close other tabs and reload.',
  ),
  STORAGE_FULL: passing(TEXTS && 'Free space or ask the user for persistent storage, then try again.'),
  STORAGE_MEMORY_ONLY: passing(
    TEXTS && 'Keep the tab until the server has the writes, or free space; the client goes on trying.',
  ),
  STORAGE_VALUE: final(TEXTS && 'Store only what a map admits.'),
  STORAGE_KEY: final(TEXTS && 'Use 1 to 6 string segments.'),
  STORAGE_LOCKED: passing(TEXTS && 'End the other process. If there is none, delete the file named.'),
  STORAGE_DAMAGED: final(TEXTS && 'Keep a copy, then restore a backup, or delete it and sync anew.'),
  STORAGE_WRONG_KEY: final(
    TEXTS && 'Use the key that the store was made with, and none for a store made without.',
  ),
  STORAGE_KEY_INVALID: final(TEXTS && 'Use 16 random bytes or more, or a CryptoKey for AES-GCM or HKDF.'),
  STORAGE_LOST: passing(TEXTS && 'Open the store again.'),
  STORAGE_CLOSED: final(TEXTS && 'Call open() first, and nothing after close().'),
  STORAGE_FAILED: passing(TEXTS && 'See `cause`. Nothing was stored; try again.'),
};

export type StorageErrorCode = keyof typeof storageErrors;

/** The typed error an adapter throws; `message` names the store and the key or call concerned. */
export const storageError = /* @__PURE__ */ errorsOf<StorageErrorCode>(storageErrors);
