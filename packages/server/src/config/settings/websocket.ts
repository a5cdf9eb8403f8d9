import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { count, setting, text, wholeNumber } from './setting.js';

/** The JSON WebSocket. */
export const websocketSettings = {
  ws: setting(
    z.boolean().default(true),
    'boolean',
    'true or false',
    'Whether there is a JSON WebSocket for topics at /ws.',
  ),
  wsScopeRequired: setting(
    z.boolean().default(true),
    'boolean',
    'true or false',
    'Whether a token needs the scope ws:connect for /ws.',
  ),
  tenantClaim: setting(
    text.default('tenant_id'),
    'text',
    'a string',
    'The claim of a token that names the tenant it speaks for.',
  ),
  wsHeartbeatMs: setting(
    wholeNumber(100, 3_600_000, LIMITS.wsHeartbeatMs),
    'number',
    'milliseconds from 100 to 3600000',
    'Between two pings on /ws, in ms; who is silent for two of these is cut.',
  ),
  wsIdleMs: setting(
    wholeNumber(0, 86_400_000, LIMITS.wsIdleMs),
    'number',
    'milliseconds from 0 to 86400000',
    'After which a connection to /ws that says and hears nothing is closed, in ms; 0 for never.',
  ),
  wsMessagesPerConnectionMax: count(
    1_000_000,
    LIMITS.wsMessagesPerConnection,
    'Frames that one connection to /ws may send a second.',
  ),
  wsMessagesPerUserMax: count(
    1_000_000,
    LIMITS.wsMessagesPerUser,
    'Frames that one user may send a second over all its connections to /ws.',
  ),
} as const;
