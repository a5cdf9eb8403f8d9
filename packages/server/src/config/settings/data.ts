import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { isMapPattern } from '../../security/policy/mapPattern.js';
import { parseDatabaseUrl } from '../../storage/postgres/databaseUrl.js';
import { setting, text, wholeNumber } from './setting.js';

/** Assigns a resolver to maps; the names are checked where the resolvers are known. */
const resolverRuleSchema = z.strictObject({ map: z.string().min(1), resolver: z.string().min(1) });

const isPortFit = (address: string): boolean => {
  const port = Number(/:(\d+)$/.exec(address)?.[1] ?? 1);
  return port >= 1 && port <= 65_535;
};
const DAY_MS = 86_400_000;

/** Where data is kept, how long, and who judges conflicts. */
export const dataSettings = {
  dataDir: setting(
    text.default('./topgun-data'),
    'text',
    'a path',
    'Folder of the embedded store, of the logs of topics, and of what guards the doors.',
  ),
  storage: setting(
    z.enum(['embedded', 'memory']).default('embedded'),
    'text',
    'embedded or memory',
    'Where data is kept, without databaseUrl. memory: gone when the server stops.',
  ),
  databaseUrl: setting(
    z
      .string()
      .refine((url) => url === '' || parseDatabaseUrl(url) !== undefined)
      .default(''),
    'text',
    'postgres://user:password@host:port/database, with any of ?schema=topgun&pool=4&sslmode=verify-full (disable, require, verify-ca)&sslrootcert=, sslcert= and sslkey= (files)&host=/folder/of/a/socket; empty for none',
    'PostgreSQL 15 or later that keeps the records in place of dataDir. Give a password in the environment: flags can be read by every user of the machine.',
    { secret: 'with flag' },
  ),
  volatileMaps: setting(
    z.array(z.string().refine(isMapPattern)).optional(),
    'list',
    'map patterns such as cursors:*, parted by commas',
    'Maps kept in memory alone, gone when the server stops; those that the store holds data of stay there.',
  ),
  resolvers: setting(
    z.array(resolverRuleSchema).default([]),
    'file only',
    'a list of { map, resolver }',
    'Which conflict resolver judges the writes to which maps; the first that names a map counts.',
  ),
  retentionDays: setting(
    wholeNumber(LIMITS.retentionMsMin / DAY_MS, 3_650, LIMITS.retentionMs / DAY_MS),
    'number',
    `days from ${LIMITS.retentionMsMin / DAY_MS} to 3650`,
    'How long deletions are remembered, in days.',
  ),
  skewMs: setting(
    // Below a second ordinary clocks would be refused; above an hour a wrong clock would win every merge for long.
    wholeNumber(1_000, 3_600_000, LIMITS.skewMs),
    'number',
    'milliseconds from 1000 to 3600000',
    'How far a write may be stamped ahead of the server, in ms.',
  ),
  ntpServers: setting(
    z
      .array(
        z
          .string()
          .regex(/^(\[[\da-fA-F:.]{2,45}\]|[\w.-]{1,253})(:\d{1,5})?$/)
          .refine(isPortFit),
      )
      .min(1)
      .max(LIMITS.ntpServers)
      .optional(),
    'list',
    `1 to ${LIMITS.ntpServers} of host or host:port, parted by commas`,
    'Time servers (NTP) that correct the local clock, in the order in which they are asked; none when left out.',
  ),
} as const;
