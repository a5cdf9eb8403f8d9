import { PARTITION_COUNT } from '@topgun/protocol';
import type { ServerEngine } from './engine/ServerEngine.js';
import type { DedupRow, Store, StoredRecord } from './storage/Store.js';

/** Takes all a store holds into an engine that has seen no input yet, one partition at a time. */
export async function loadEngine(engine: ServerEngine, store: Store): Promise<void> {
  for (let pid = 0; pid < PARTITION_COUNT; pid++) {
    const records: StoredRecord[] = [];
    const dedup: (readonly [number, DedupRow])[] = [];
    await store.scan(pid, (record) => records.push(record));
    await store.scanDedup(pid, (row) => dedup.push([pid, row]));
    if (records.length > 0 || dedup.length > 0) engine.load(records, dedup);
  }
}
