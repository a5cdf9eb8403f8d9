import { IDBAdapter, MemoryAdapter } from '@topgun/adapters';
import { EncryptedStorageAdapter } from '@topgun/adapters/encrypted';
import { TopGunClient } from '@topgun/client';
import { logout, onLogout } from '@topgun/client/logout';
import { openDB } from 'idb';

/** What the pages of the storage tests run on. */
const tools = { IDBAdapter, MemoryAdapter, EncryptedStorageAdapter, TopGunClient, logout, onLogout, openDB };

declare global {
  var topgun: typeof tools;
}

globalThis.topgun = tools;
