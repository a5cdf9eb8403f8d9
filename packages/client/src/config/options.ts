import type { RegexEngine } from '@topgun/core';
import type { IConnectionProvider } from '../connection/IConnectionProvider.js';
import type { WebSocketConstructor } from '../connection/loadWebSocket.js';
import type { BackoffOptions } from '../engine/ports.js';
import { clientError } from '../errors.js';
import type { WriteGate } from '../handles/WriteGate.js';
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
  /** Bounds the number of unanswered writes: `backpressure({ … })` of `@topgun/client/backpressure`. Default: no bound. */
  readonly backpressure?: WriteGate;
  /** Finds `regex` in queries: `linearRegex` of `@topgun/search/regex`, which servers use too. Without it such queries are refused. */
  readonly regex?: RegexEngine;
  /** A pino instance, or anything with its methods. Default: silent. */
  readonly logger?: Logger;
  /** WebSocket constructor for platforms without one. Default: the platform's, else that of the package `ws`. */
  readonly webSocket?: WebSocketConstructor;
  /** False: nothing is opened before `start()` is called. Default true. */
  readonly autoStart?: boolean;
}

/** What an option may be, in words and as a test. */
type Rule = readonly [allowed: string, holds: (value: unknown) => boolean];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
const isText = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);
const isFunction = (value: unknown): boolean => typeof value === 'function';
const has =
  (...methods: readonly string[]) =>
  (value: unknown) =>
    isObject(value) && methods.every((name) => isFunction(value[name]));

function numbers(min: number, max: number): Rule {
  return [
    `a number from ${min} to ${max}`,
    (value) => typeof value === 'number' && value >= min && value <= max,
  ];
}

const rules: Readonly<Record<keyof TopGunClientOptions, Rule>> = {
  storage: ['a storage adapter, such as new IDBAdapter()', has('open', 'tx', 'get', 'iterate', 'close')],
  serverUrl: ['a ws:// or wss:// address', isText(/^wss?:\/\/[^\s/]+/i)],
  connectionProvider: ['an IConnectionProvider', has('connect', 'send', 'isConnected', 'on', 'close')],
  storeName: ['1 to 128 characters', isText(/^[\s\S]{1,128}$/)],
  token: ['a non-empty string', isText(/./)],
  backoff: ['an object', isObject],
  answerTimeoutMs: numbers(100, 600_000),
  durability: ["'relaxed' or 'strict'", isText(/^(relaxed|strict)$/)],
  backpressure: ['made by backpressure()', has('attach', 'admit')],
  regex: ['an engine such as linearRegex', has('compile')],
  logger: ['an object with debug, info, warn and error', has('debug', 'info', 'warn', 'error')],
  webSocket: ['a WebSocket constructor', isFunction],
  autoStart: ['true or false', (value) => typeof value === 'boolean'],
};

const HOUR_MS = 3_600_000;
const backoffRules: Readonly<Record<keyof BackoffOptions, Rule>> = {
  baseMs: numbers(1, HOUR_MS),
  capMs: numbers(1, HOUR_MS),
  // 0 is none, 1 the whole pause.
  jitter: numbers(0, 1),
  maxRetries: numbers(0, Infinity),
};

/** Throws `OPTION_INVALID`, naming the option, what was found and what is allowed; unknown options are refused too. */
export function checkOptions(options: TopGunClientOptions): void {
  if (!isObject(options)) throw clientError('OPTION_INVALID', 'new TopGunClient() needs an options object');
  if (options.storage === undefined) throw invalid('storage', undefined, rules.storage[0]);
  check(options, rules, '');
  if (options.backoff !== undefined) check(options.backoff, backoffRules, 'backoff.');
  if (options.serverUrl !== undefined && options.connectionProvider !== undefined) {
    throw clientError('OPTION_INVALID', 'Either serverUrl or connectionProvider');
  }
}

function check(values: object, table: Readonly<Record<string, Rule>>, path: string): void {
  for (const [name, value] of Object.entries(values)) {
    const rule = Object.hasOwn(table, name) ? table[name] : undefined;
    if (rule === undefined) throw invalid(path + name, value, `one of ${Object.keys(table).join(', ')}`);
    const [allowed, holds] = rule;
    if (value !== undefined && !holds(value)) throw invalid(path + name, value, allowed);
  }
}

function invalid(name: string, found: unknown, allowed: string): Error {
  // A token must not reach a log by way of an error.
  const shown = name === 'token' || isObject(found) ? typeof found : String(found);
  return clientError('OPTION_INVALID', `Option "${name}" is ${shown}; allowed: ${allowed}`);
}
