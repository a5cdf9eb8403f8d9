import { randomBytes } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import type { ServerConfig } from '../config/schema.js';
import type { Logger } from '../utils/logger.js';
import { storeWorkOn } from '../workers/storeWork.js';
import type { WorkerPool } from '../workers/WorkerPool.js';
import { EmbeddedStore } from './embedded/EmbeddedStore.js';
import { MemoryStore } from './MemoryStore.js';
import { parseDatabaseUrl } from './postgres/databaseUrl.js';
import { PostgresStore, type PostgresStoreOptions } from './postgres/PostgresStore.js';
import type { Store } from './Store.js';
import { storageOf } from './storageOf.js';

/** The store that the settings ask for; throws CONFIG_INVALID when they contradict each other. `onStopped` hears that it can no longer keep its promises; `node`: of a cluster. */
export function createStore(
  config: Pick<ServerConfig, 'storage' | 'dataDir' | 'databaseUrl'>,
  workers: WorkerPool,
  logger: Logger,
  onStopped: (error: unknown) => void,
  node?: PostgresStoreOptions['node'],
): Store {
  const storage = storageOf(config);
  const address = parseDatabaseUrl(config.databaseUrl);
  if (storage === 'postgres' && address !== undefined) {
    return new PostgresStore({
      address,
      ...(node && { node }),
      onStopped,
      onFault: (err) => logger.error({ err }, 'the database does not take what it is given'),
    });
  }
  if (storage === 'memory') return new MemoryStore({ incarnation: randomBytes(16).toString('base64url') });
  return new EmbeddedStore({
    folder: config.dataDir,
    work: storeWorkOn(workers, LIMITS.pageCheckBytes, (error) =>
      logger.warn({ err: error }, 'a file is checked without a worker'),
    ),
    onStopped,
    onCompactionFault: (error) => logger.error({ err: error }, 'folding of the log was cut short'),
  });
}
