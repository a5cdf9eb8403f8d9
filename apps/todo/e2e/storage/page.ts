import { IDBAdapter, MemoryAdapter } from '@topgun/adapters';
import { EncryptedStorageAdapter } from '@topgun/adapters/encrypted';
import { TopGunClient } from '@topgun/client';
import { openDB } from 'idb';

/** What the pages of the storage tests run on. */
const tools = { IDBAdapter, MemoryAdapter, EncryptedStorageAdapter, TopGunClient, openDB };

declare global {
  var topgun: typeof tools;
}

globalThis.topgun = tools;
