import { randomBytes } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import type { ServerConfig } from '../config/schema.js';
import type { Logger } from '../utils/logger.js';
import { storeWorkOn } from '../workers/storeWork.js';
import type { WorkerPool } from '../workers/WorkerPool.js';
import { EmbeddedStore } from './embedded/EmbeddedStore.js';
import { MemoryStore } from './MemoryStore.js';
import type { Store } from './Store.js';

/** The store that the settings ask for. `onStopped` hears that it can no longer keep its promises. */
export function createStore(
  { storage, dataDir }: Pick<ServerConfig, 'storage' | 'dataDir'>,
  workers: WorkerPool,
  logger: Logger,
  onStopped: (error: unknown) => void,
): Store {
  if (storage === 'memory') return new MemoryStore({ incarnation: randomBytes(16).toString('base64url') });
  return new EmbeddedStore({
    folder: dataDir,
    work: storeWorkOn(workers, LIMITS.pageCheckBytes, (error) =>
      logger.warn({ err: error }, 'a file is checked without a worker'),
    ),
    onStopped,
    onCompactionFault: (error) => logger.error({ err: error }, 'folding of the log was cut short'),
  });
}
