import { randomUUID } from 'node:crypto';
import { MemoryAdapter, MemoryDisk } from '@topgun/adapters';

/** Options of a client with a device of its own: those that share the name of a store are tabs of one, in one process too. */
export function ownStore(): { readonly storage: MemoryAdapter; readonly storeName: string } {
  return { storage: new MemoryAdapter({ disk: new MemoryDisk() }), storeName: randomUUID() };
}
