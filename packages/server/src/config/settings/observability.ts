import * as z from 'zod';
import { setting, text, wholeNumber } from './setting.js';

/** What is told of the work of the server, and to whom. */
export const observabilitySettings = {
  logLevel: setting(
    z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
    'text',
    'silent, fatal, error, warn, info, debug or trace',
    'What is logged.',
  ),
  metricsPort: setting(
    z.int().min(0).max(65_535).optional(),
    'number',
    'a whole number from 0 to 65535',
    'A port of its own for /metrics, which needs no token there, and the probes; 0 takes any free one. When left out /metrics is on the main port, for ADMINs and the metricsToken.',
  ),
  metricsHost: setting(
    text.default('127.0.0.1'),
    'text',
    'a host name or address',
    'Address that the metrics port listens on. Whoever reaches it reads the metrics.',
  ),
  metricsToken: setting(
    z.string().min(16).optional(),
    'text',
    '16 characters or more',
    'A scraper that sends it as Authorization: Bearer reads /metrics on the main port, and nothing else.',
    { secret: true },
  ),
  metricsMapsMax: setting(
    wholeNumber(0, 1_000, 20),
    'number',
    'a whole number from 0 to 1000',
    'How many maps are named in the metrics, by the first part of their names; 0 names none.',
  ),
} as const;
