import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { isNetwork } from '../../security/addresses.js';
import { setting, text, wholeNumber } from './setting.js';

/** Where the server listens, who may connect from where, and what it serves. */
export const networkSettings = {
  host: setting(text.default('127.0.0.1'), 'text', 'a host name or address', 'Address to listen on.'),
  port: setting(
    wholeNumber(0, 65_535, 8080),
    'number',
    'a whole number from 0 to 65535',
    'Port; 0 takes any free one.',
  ),
  tlsCertFile: setting(
    text.optional(),
    'text',
    'a path',
    'File with the certificate and its chain (PEM): HTTPS and WSS alone, read again when it changes.',
  ),
  tlsKeyFile: setting(text.optional(), 'text', 'a path', 'File with the key of the certificate (PEM).'),
  origins: setting(
    z.array(z.string().regex(/^(https?:\/\/[^/]+|null)$/)).optional(),
    'list',
    'origins such as https://app.example, or null, parted by commas',
    'Web origins that may connect, and ask over HTTP from elsewhere; when left out, any but null may connect.',
  ),
  trustedProxies: setting(
    z.array(z.string().refine(isNetwork)).optional(),
    'list',
    'addresses and networks such as 10.0.0.0/8, parted by commas',
    'Reverse proxies whose word about the address of a client is believed; none when left out.',
  ),
  proxyHeader: setting(
    z.enum(['x-forwarded-for', 'forwarded']).default('x-forwarded-for'),
    'text',
    'x-forwarded-for or forwarded',
    'The header that these proxies write; it must be one that they replace or add to.',
  ),
  staticDir: setting(text.optional(), 'text', 'a path', 'Folder of a built web app to serve at /.'),
  adminDir: setting(
    text.optional(),
    'text',
    'a path',
    'Folder of the built dashboard to serve at /admin/; `topgun` brings one.',
  ),
  dev: setting(
    z.boolean().default(false),
    'boolean',
    'true or false',
    'Development: no token needed, everybody is ADMIN. Loopback only.',
  ),
  nodeId: setting(
    z
      .string()
      .regex(/^[\w.-]{1,64}$/)
      .optional(),
    'text',
    '1 to 64 of A-Z a-z 0-9 _ . -',
    'Name of this node; drawn at each start when left out.',
  ),
  drainMs: setting(
    wholeNumber(0, 600_000, LIMITS.drainMs),
    'number',
    'milliseconds from 0 to 600000',
    'Longest graceful stop, in ms.',
  ),
  drainDelayMs: setting(
    wholeNumber(0, 600_000, 0),
    'number',
    'milliseconds from 0 to 600000',
    'Of that, how long a stop serves on and only /ready says no, so that proxies see it first; half of it at most, in ms.',
  ),
} as const;
