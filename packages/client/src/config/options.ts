import type { IConnectionProvider } from '../connection/IConnectionProvider.js';
import type { WebSocketConstructor } from '../connection/loadWebSocket.js';
import type { BackoffOptions } from '../engine/ports.js';
import { clientError } from '../errors.js';
import type { IStorageAdapter } from '../storage/IStorageAdapter.js';
import type { Logger } from '../utils/logger.js';

export type { BackoffOptions };

/** The names under which an app makes a client. Only `storage` is required. */
export interface TopGunClientOptions {
  /** Where data is kept between starts, for example `new IDBAdapter()` from `@topgun/adapters`. */
  readonly storage: IStorageAdapter;
  /** `ws://` or `wss://` address of a server. Without it, and without `connectionProvider`, the client is purely local. */
  readonly serverUrl?: string;
  /** How to reach a server instead of `serverUrl`. */
  readonly connectionProvider?: IConnectionProvider;
  /** Name of the store on the device; clients with the same name share it, as tabs do. 1 to 128 characters. Default `topgun`. */
  readonly storeName?: string;
  /** First token for the server; `setAuthToken` and `setAuthTokenProvider` change it later. */
  readonly token?: string;
  /** Pauses between attempts to connect. */
  readonly backoff?: BackoffOptions;
  /** How long the server may leave writes unanswered on a live connection before it is given up, ms. Default 10 000. */
  readonly answerTimeoutMs?: number;
  /** What the device's storage is asked for when writes are logged. Default `relaxed`, fast and prefix-consistent after a power cut. */
  readonly durability?: 'relaxed' | 'strict';
  /** A pino instance, or anything with its methods. Default: silent. */
  readonly logger?: Logger;
  /** WebSocket constructor for platforms without one. Default: the platform's, else that of the package `ws`. */
  readonly webSocket?: WebSocketConstructor;
  /** False: nothing is opened before `start()` is called. Default true. */
  readonly autoStart?: boolean;
}

interface Rule {
  readonly allowed: string;
  readonly holds: (value: unknown) => boolean;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const text = (allowed: string, holds: (value: string) => boolean): Rule => ({
  allowed,
  holds: (value) => typeof value === 'string' && holds(value),
});

const number = (min: number, max: number, allowed: string): Rule => ({
  allowed,
  holds: (value) => typeof value === 'number' && value >= min && value <= max,
});

const methods = (allowed: string, ...names: readonly string[]): Rule => ({
  allowed,
  holds: (value) => isObject(value) && names.every((name) => typeof value[name] === 'function'),
});

const flag: Rule = { allowed: 'true or false', holds: (value) => typeof value === 'boolean' };

const rules: Readonly<Record<keyof TopGunClientOptions, Rule>> = {
  storage: methods(
    'a storage adapter, for example new IDBAdapter()',
    'open',
    'tx',
    'get',
    'iterate',
    'close',
  ),
  serverUrl: text('an address that begins with ws:// or wss://', (value) => /^wss?:\/\/[^\s/]+/i.test(value)),
  connectionProvider: methods('an IConnectionProvider', 'connect', 'send', 'isConnected', 'on', 'close'),
  storeName: text('1 to 128 characters', (value) => value.length >= 1 && value.length <= 128),
  token: text('a non-empty string', (value) => value.length > 0),
  backoff: { allowed: 'an object', holds: isObject },
  answerTimeoutMs: number(100, 600_000, '100 to 600 000 ms'),
  durability: text("'relaxed' or 'strict'", (value) => value === 'relaxed' || value === 'strict'),
  logger: methods('an object with debug, info, warn and error', 'debug', 'info', 'warn', 'error'),
  webSocket: { allowed: 'a WebSocket constructor', holds: (value) => typeof value === 'function' },
  autoStart: flag,
};

const backoffRules: Readonly<Record<keyof BackoffOptions, Rule>> = {
  baseMs: number(1, 3_600_000, '1 to 3 600 000 ms'),
  capMs: number(1, 3_600_000, '1 to 3 600 000 ms'),
  jitter: number(0, 1, '0 (none) to 1 (full)'),
  maxRetries: number(0, Number.POSITIVE_INFINITY, '0 or more'),
};

/** Throws `OPTION_INVALID`, naming the option, what was found and what is allowed; unknown options are refused too. */
export function checkOptions(options: TopGunClientOptions): void {
  if (!isObject(options)) throw clientError('OPTION_INVALID', 'new TopGunClient() needs an options object');
  if (options.storage === undefined) throw invalid('storage', undefined, rules.storage.allowed);
  check(options, rules, '');
  if (options.backoff !== undefined) check(options.backoff, backoffRules, 'backoff.');
  if (options.serverUrl !== undefined && options.connectionProvider !== undefined) {
    throw clientError(
      'OPTION_INVALID',
      'Both serverUrl and connectionProvider are given; only one can be used',
    );
  }
}

function check(values: object, table: Readonly<Record<string, Rule>>, path: string): void {
  for (const [name, value] of Object.entries(values)) {
    const rule = Object.hasOwn(table, name) ? table[name] : undefined;
    if (rule === undefined) throw invalid(path + name, value, `one of ${Object.keys(table).join(', ')}`);
    if (value !== undefined && !rule.holds(value)) throw invalid(path + name, value, rule.allowed);
  }
}

function invalid(name: string, found: unknown, allowed: string): Error {
  // A token must not reach a log by way of an error.
  const shown = name === 'token' || isObject(found) ? typeof found : String(found);
  return clientError('OPTION_INVALID', `Option "${name}" is ${shown}; allowed: ${allowed}`);
}
