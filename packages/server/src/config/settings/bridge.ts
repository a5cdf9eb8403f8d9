import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { count, setting, wholeNumber } from './setting.js';

const isHttp = (address: string): boolean =>
  URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
const address = z.string().refine(isHttp);

/** The message bridge: whether there is one, what it allows to strangers, and whom it tells. */
export const bridgeSettings = {
  bridge: setting(
    z.boolean().default(false),
    'boolean',
    'true or false',
    'The message bridge, where programs that share no account send each other messages; open to everybody.',
  ),
  bridgePath: setting(
    z
      .string()
      .regex(/^(\/[\w.-]+)+$/)
      .default('/bridge'),
    'text',
    'a path such as /bridge',
    'What the paths of the message bridge begin with.',
  ),
  bridgeMessagesPerIpMax: count(
    1_000_000,
    LIMITS.bridgeMessagesPerIp,
    'Messages posted to the bridge from one address a second.',
  ),
  bridgeBypassTokens: setting(
    z.array(z.string().min(16)).default([]),
    'list',
    'texts of 16 characters or more, parted by commas',
    'Who sends one of them as Authorization: Bearer is not held to the limits of the bridge by address.',
    { secret: true },
  ),
  bridgeWebhookUrls: setting(
    z.array(address).default([]),
    'list',
    'http addresses, parted by commas',
    'Addresses that are told of bridge messages that name a topic.',
  ),
  bridgeCopyToUrl: setting(
    address.optional(),
    'text',
    'an http address',
    'Address that gets a copy of every bridge message.',
  ),
  bridgeTtlSecondsMax: setting(
    wholeNumber(LIMITS.bridgeTtlS, 604_800, LIMITS.bridgeTtlS),
    'number',
    `seconds from ${LIMITS.bridgeTtlS} to 604800`,
    'How long a bridge message may ask to be kept, in seconds.',
  ),
  mailboxes: setting(
    z.enum(['embedded', 'redis']).optional(),
    'text',
    'embedded or redis; with a Redis and the bridge it has to be said',
    'Where mailboxes lie. embedded: in the store of this node, which no other node knows; redis: with all nodes of that Redis.',
  ),
  bridgeMailboxMessagesMax: count(
    1_000_000,
    LIMITS.bridgeMailboxMessages,
    'Messages that one mailbox of the bridge holds; more are refused.',
  ),
  bridgeMailboxBytesMax: setting(
    wholeNumber(LIMITS.bridgeBodyBytes, 2 ** 31 - 1, LIMITS.bridgeMailboxBytes),
    'number',
    `bytes from ${LIMITS.bridgeBodyBytes} to 2147483647`,
    'Bytes that one mailbox of the bridge holds; more are refused.',
  ),
  bridgeHeartbeatMs: setting(
    wholeNumber(1_000, 3_600_000, LIMITS.bridgeHeartbeatMs),
    'number',
    'milliseconds from 1000 to 3600000',
    'Pause between two heartbeats of the bridge, in ms.',
  ),
  bridgeLifetimeMs: setting(
    wholeNumber(1_000, 2 ** 31 - 1, LIMITS.bridgeLifetimeMs),
    'number',
    'milliseconds from 1000 to 2147483647',
    'Life of a listener of the bridge, which then connects again, in ms.',
  ),
  bridgeLifetimeJitterMs: setting(
    wholeNumber(0, 2 ** 31 - 1, LIMITS.bridgeLifetimeJitterMs),
    'number',
    'milliseconds from 0 to 2147483647',
    'What is drawn on top of that at most, in ms.',
  ),
} as const;
