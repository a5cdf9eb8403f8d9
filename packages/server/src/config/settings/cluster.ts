import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { setting } from './setting.js';

const HOST = String.raw`(\[[\da-fA-F:.]{2,45}\]|[\w.-]{1,253})`;
const isAddress = (address: string): boolean => new RegExp(`^(wss?://)?${HOST}:\\d{1,5}$`).test(address);
const isPublicUrl = (url: string): boolean =>
  new RegExp(`^wss?://${HOST}(:\\d{1,5})?/?$`).test(url) && URL.canParse(url);

/** Several servers over one database. */
export const clusterSettings = {
  cluster: setting(
    z.boolean().default(false),
    'boolean',
    'true or false',
    'Runs as one of several nodes over the database of databaseUrl; each needs a nodeId of its own and the same clusterSecret.',
  ),
  clusterSecret: setting(
    z.string().min(LIMITS.clusterSecretChars).max(LIMITS.clusterSecretCharsMax).optional(),
    'text',
    `${LIMITS.clusterSecretChars} to ${LIMITS.clusterSecretCharsMax} characters`,
    'With which the nodes of a cluster know each other; not needed in development.',
    { secret: true },
  ),
  clusterAddress: setting(
    z.string().refine(isAddress).optional(),
    'text',
    'host:port, with ws:// or wss:// before it if wanted',
    'Where the other nodes reach this one; host and port when left out, which needs a host that is not 0.0.0.0 or ::.',
  ),
  publicUrl: setting(
    z.string().refine(isPublicUrl).optional(),
    'text',
    'ws://host:port or wss://host:port',
    'Where clients reach this node from outside; told to clients that choose their node themselves.',
  ),
} as const;
