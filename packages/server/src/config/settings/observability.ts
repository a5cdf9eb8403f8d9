import * as z from 'zod';
import { setting } from './setting.js';

/** What is told of the work of the server. */
export const observabilitySettings = {
  logLevel: setting(
    z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    'text',
    'silent, fatal, error, warn, info, debug or trace',
    'What is logged.',
  ),
} as const;
