import { PARTITION_COUNT } from '@topgun/protocol';
import type { ServerEngine } from './engine/ServerEngine.js';
import type { Store } from './storage/Store.js';
import type { Pace } from './utils/Pace.js';

/**
 * Takes all a store holds into an engine that has seen no input yet, in slices: sockets and probes have their turn in
 * between (FLOW-20). Throws the codes of the store, and the reason of the pace's signal.
 */
export async function loadEngine(engine: ServerEngine, store: Store, pace: Pace): Promise<void> {
  for (let pid = 0; pid < PARTITION_COUNT; pid++) {
    await store.scan(pid, (record) => engine.load([record], []), pace);
    // A node of a cluster reads those of what it owns, when it comes to own it (CLU-14).
    if (engine.cluster === undefined)
      await store.scanDedup(pid, (row) => engine.load([], [[pid, row]]), pace);
  }
}
