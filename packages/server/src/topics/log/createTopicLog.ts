import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { TopGunError } from '@topgun/core';
import type { ServerConfig } from '../../config/schema.js';
import type { DatabaseAddress } from '../../storage/postgres/databaseUrl.js';
import type { LogStore } from '../ports.js';
import { EmbeddedLog } from './EmbeddedLog.js';
import { MemoryLog } from './MemoryLog.js';
import { Offsets } from './Offsets.js';
import { PostgresLog } from './PostgresLog.js';
import { SplitLog } from './SplitLog.js';

export interface TopicLogParts extends Pick<ServerConfig, 'storage' | 'dataDir'> {
  /** the database of a cluster, in which its nodes keep all logs together; the other places are for one node */
  readonly shared?: DatabaseAddress;
  /** whether the retention of a topic is durable */
  readonly isDurable: (topic: string) => boolean;
  readonly wallMs: () => number;
  /** looks at the pages of a data file elsewhere than on this thread */
  readonly checkPages?: (file: string) => Promise<void>;
  /** told once when the disk can no longer be trusted */
  readonly onStopped: (error: TopGunError) => void;
}

/** The log that the settings ask for: in the database of a cluster, in `topics/` of the data folder, or in memory alone where records live there too. */
export function createTopicLog(parts: TopicLogParts): LogStore {
  const { storage, dataDir, shared, isDurable, ...rest } = parts;
  if (shared !== undefined) return new PostgresLog({ address: shared, monoMs: () => performance.now() });
  const offsets = new Offsets(rest.wallMs);
  const epoch = randomBytes(12).toString('base64url');
  const volatile = new MemoryLog({ epoch, offsets, wallMs: rest.wallMs });
  if (storage === 'memory') return volatile;
  const durable = new EmbeddedLog({ folder: join(dataDir, 'topics'), offsets, ...rest });
  return new SplitLog({ durable, volatile, isDurable });
}
