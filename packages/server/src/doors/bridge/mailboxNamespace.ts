import type { ServerConfig } from '../../config/schema.js';
import type { Namespace } from '../../topics/ports.js';
import { MAILBOXES } from './clientId.js';

export type MailboxSettings = Pick<
  ServerConfig,
  'bridgeMailboxMessagesMax' | 'bridgeMailboxBytesMax' | 'bridgeTtlSecondsMax'
>;

/** How mailboxes keep messages: on the disk, each for its own time, and where there is no room a new one is refused (BRG-24). */
export const mailboxNamespace = (config: MailboxSettings): Namespace => ({
  pattern: MAILBOXES,
  retention: {
    count: config.bridgeMailboxMessagesMax,
    bytes: config.bridgeMailboxBytesMax,
    ageMs: config.bridgeTtlSecondsMax * 1000,
    durable: true,
    whenFull: 'refuse',
  },
});
