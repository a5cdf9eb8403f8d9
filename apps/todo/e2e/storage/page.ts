import { IDBAdapter, MemoryAdapter } from '@topgun/adapters';
import { EncryptedStorageAdapter } from '@topgun/adapters/encrypted';
import { TopGunClient } from '@topgun/client';

/** What the pages of the storage tests run on. */
const tools = { IDBAdapter, MemoryAdapter, EncryptedStorageAdapter, TopGunClient };

declare global {
  var topgun: typeof tools;
}

globalThis.topgun = tools;
