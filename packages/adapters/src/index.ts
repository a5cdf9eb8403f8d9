export { IDBAdapter } from './indexeddb/IDBAdapter.js';
export { MemoryAdapter } from './memory/MemoryAdapter.js';
export { MemoryDisk } from './memory/MemoryDisk.js';
