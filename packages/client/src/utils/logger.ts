/** One level of a logger in pino's calling style: fields first, then a message. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** What the client logs through; a pino instance fits as it is. Values of records and tokens are never logged. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

const ignore: LogMethod = () => undefined;

/** The default: a library does not write to an app's console unasked. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
