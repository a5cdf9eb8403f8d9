import type { Logger } from 'pino';
import { destination, multistream, pino } from 'pino';
import type { ServerConfig } from '../config/schema.js';
import { LogTail } from './LogTail.js';
import { shownFields } from './logFields.js';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** gets every line too */
  readonly tail?: LogTail;
  readonly to?: 'stdout' | 'stderr';
}

type MakeChild = (this: unknown, bindings: object, options?: object) => unknown;

/**
 * A structured logger, one JSON object per line, written before the call returns. Of the fields of a line those
 * are shown that a list allows, errors without their texts (OBS-30).
 */
export function createLogger(
  level: ServerConfig['logLevel'] = 'info',
  { tail, to = 'stdout' }: LoggerOptions = {},
): Logger {
  const out = destination({ dest: to === 'stdout' ? 1 : 2, sync: true });
  const logger = pino(
    {
      level,
      formatters: { log: shownFields, bindings: shownFields },
      // Errors are described by the list.
      serializers: { err: (shown: unknown) => shown },
      hooks: {
        logMethod([about, message], method) {
          // A text for an error without one would be that of the error.
          if (typeof about === 'string') method.call(this, about);
          else method.call(this, about instanceof Error ? { err: about } : about, String(message ?? ''));
        },
      },
    },
    // pino judges the level before any stream does.
    tail === undefined ? out : multistream([out, tail].map((stream) => ({ level: 'trace', stream }))),
  );
  // pino holds the lines of a child to the list, but not the fields that it is made with.
  // Its type is generic in levels that nobody adds here.
  const child = logger.child as unknown as MakeChild;
  const shownChild: MakeChild = function (bindings, options) {
    return child.call(this, shownFields(bindings), options);
  };
  logger.child = shownChild as unknown as typeof logger.child;
  return logger;
}

/** The logger of a server, with its last lines; a program that brings a logger keeps its lines itself. */
export function loggerWithTail(
  level: ServerConfig['logLevel'],
  given: Logger | undefined,
): { readonly logger: Logger; readonly tail: LogTail | undefined } {
  if (given !== undefined) return { logger: given, tail: undefined };
  const tail = new LogTail();
  return { logger: createLogger(level, { tail }), tail };
}
