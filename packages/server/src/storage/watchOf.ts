import { DiskWatch } from './DiskWatch.js';
import { EmbeddedStore } from './embedded/EmbeddedStore.js';
import { PostgresStore } from './postgres/PostgresStore.js';
import { PostgresWatch } from './postgres/PostgresWatch.js';
import type { Store } from './Store.js';
import type { StoreWatch } from './StoreWatch.js';

/** What looks after the place of a store; undefined for one that has none outside of this process. `dataDir`: beside a database, where something is kept there. */
export function watchOf(store: Store, dataDir?: string): StoreWatch | undefined {
  if (store instanceof EmbeddedStore) return new DiskWatch(store.folder);
  if (!(store instanceof PostgresStore)) return undefined;
  return new PostgresWatch(
    (timeoutMs) => store.fault(timeoutMs),
    dataDir === undefined ? undefined : new DiskWatch(dataDir),
  );
}
