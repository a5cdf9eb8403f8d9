import type { ServerConfig } from '../config/schema.js';
import { serverError } from '../errors.js';

/** Where the settings keep records. Throws CONFIG_INVALID when they name a database and memory. */
export function storageOf({
  storage,
  databaseUrl,
}: Pick<ServerConfig, 'storage' | 'databaseUrl'>): 'embedded' | 'memory' | 'postgres' {
  if (databaseUrl === '') return storage;
  if (storage === 'memory')
    throw serverError(
      'CONFIG_INVALID',
      'storage: found "memory" beside databaseUrl, which keeps data in PostgreSQL.',
    );
  return 'postgres';
}
