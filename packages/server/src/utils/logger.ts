import type { Logger } from 'pino';
import { pino } from 'pino';
import type { ServerConfig } from '../config/schema.js';

export type { Logger } from 'pino';

/** A structured logger on standard output. What could hold a secret is blanked, wherever it appears at the top levels. */
export function createLogger(level: ServerConfig['logLevel'] = 'info'): Logger {
  const secrets = ['token', 'authorization', 'jwtSecret', 'secret', 'password'];
  return pino({
    level,
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '(not shown)' },
  });
}
