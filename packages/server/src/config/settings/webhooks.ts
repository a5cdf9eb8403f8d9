import * as z from 'zod';
import { isNetwork } from '../../security/addresses.js';
import { setting, text } from './setting.js';

/** Who may send events in, and where events may be sent to. */
export const webhookSettings = {
  webhooksFile: setting(
    text.optional(),
    'text',
    'a path',
    'JSON file with the senders of POST /webhooks/<provider> and their secrets, taken over within seconds when it changes.',
  ),
  webhookNetworks: setting(
    z.array(z.string().refine(isNetwork)).default([]),
    'list',
    'addresses and networks such as 10.0.0.0/8, parted by commas',
    'Networks that are not public and that webhooks may nevertheless be sent to, over http too.',
  ),
} as const;
