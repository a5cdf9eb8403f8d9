import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { setting, wholeNumber } from './setting.js';

const namespaceSchema = z.strictObject({
  pattern: z
    .string()
    .min(1)
    .max(LIMITS.topicChars)
    .regex(/^[^*]*\*?$/),
  count: z.int().min(0).max(100_000),
  ageMs: wholeNumber(1, LIMITS.topicAgeMs, 300_000),
  bytes: wholeNumber(1, LIMITS.topicLogBytes, 1024 * 1024),
  durable: z.boolean().default(false),
  whenFull: z.enum(['drop', 'refuse']).default('drop'),
});

/** Which topics keep messages. */
export const topicsSettings = {
  topicNamespaces: setting(
    z.array(namespaceSchema).default([]),
    'file only',
    'a list of { pattern, count, ageMs, bytes, durable, whenFull }, all but the first two optional',
    'How many messages the topics whose name matches keep, and how long; count 0 keeps none. The longest pattern counts.',
  ),
} as const;
