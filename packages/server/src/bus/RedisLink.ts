import { LIMITS } from '@topgun/protocol';
import { Redis, type RedisOptions } from 'ioredis';
import { APPEND, READ, TAILS } from './scripts.js';

/** What a link tells its owner. */
export interface LinkEvents {
  /** it answers; nothing is subscribed to yet */
  up(link: RedisLink): void;
  /** whatever was asked and not answered has been refused */
  down(link: RedisLink): void;
  message(link: RedisLink, channel: string, text: string): void;
  /** connecting has failed, or the connection was lost */
  failed(link: RedisLink): void;
  /** a slot has moved away from this master */
  moved(link: RedisLink): void;
}

/** The scripts as ioredis calls them: how many keys, the keys, the arguments. */
type Scripted = Redis &
  Record<'busAppend' | 'busRead' | 'busTails', (keys: number, ...rest: string[]) => Promise<unknown>>;

const scripts = {
  busAppend: { lua: APPEND },
  busRead: { lua: READ },
  busTails: { lua: TAILS },
};

/**
 * One connection to one Redis master for everything: commands and, as RESP3 allows it, subscriptions, so a message and the answer to its
 * publishing keep their order. A connection that is lost is never mended: a new one is made, without a memory of what the old one had asked or
 * subscribed to, and whoever uses it begins anew. It pings itself through the channel that `pingChannel` names: a subscription that has died
 * silently is found like a dead connection.
 */
export class RedisLink {
  readonly name: string;
  readonly #options: RedisOptions;
  readonly #events: LinkEvents;
  readonly #isSharded: boolean;
  #redis: Scripted | undefined;
  #isUp = false;
  #isStopped = false;
  #retryMs: number = LIMITS.busRetryMs;
  #retry: NodeJS.Timeout | undefined;
  #pinging: NodeJS.Timeout | undefined;
  #answer: NodeJS.Timeout | undefined;
  #pingChannel: string | undefined;
  #lastError: Error | undefined;

  constructor(name: string, options: RedisOptions, isSharded: boolean, events: LinkEvents) {
    this.name = name;
    this.#options = options;
    this.#isSharded = isSharded;
    this.#events = events;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Why it is not up. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  start(): void {
    if (this.#redis !== undefined || this.#isStopped) return;
    const options: RedisOptions = {
      ...this.#options,
      scripts,
      lazyConnect: true,
      connectTimeout: LIMITS.busConnectMs,
      retryStrategy: null,
      sentinelRetryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
    };
    const redis = new Redis({ ...options, replyMapping: 'legacy' }) as Scripted;
    this.#redis = redis;
    redis.on('error', (error: Error) => {
      this.#lastError = error;
    });
    redis.on('ready', () => this.#ready(redis));
    redis.on('end', () => this.#ended(redis));
    redis.on('message', (channel: string, text: string) => this.#heard(redis, channel, text));
    redis.on('smessage', (channel: string, text: string) => this.#heard(redis, channel, text));
    redis.on('moved', () => {
      if (this.#redis === redis) this.#events.moved(this);
    });
    redis.connect().catch((error: Error) => {
      this.#lastError = error;
      this.#ended(redis);
    });
    // A handshake that hangs is not covered by the time that connecting may take.
    this.#expectAnswer(redis, LIMITS.busConnectMs + LIMITS.busAnswerMs);
  }

  /** Takes the connection down; `start` by itself follows. */
  restart(why: Error): void {
    const redis = this.#redis;
    if (redis === undefined) return;
    this.#lastError = why;
    redis.disconnect();
    // A peer that is silent does not answer the end of a connection either.
    this.#ended(redis);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    this.restart(new Error('stopped'));
  }

  /** Pings go through this channel from now on. */
  async watch(channel: string): Promise<void> {
    this.#pingChannel = channel;
    await this.subscribe(channel);
    clearInterval(this.#pinging);
    this.#pinging = setInterval(() => this.#ping(), LIMITS.busPingMs);
    this.#ping();
  }

  async subscribe(channel: string): Promise<void> {
    const redis = this.#using();
    await (this.#isSharded ? redis.ssubscribe(channel) : redis.subscribe(channel));
  }

  async unsubscribe(channel: string): Promise<void> {
    const redis = this.#using();
    await (this.#isSharded ? redis.sunsubscribe(channel) : redis.unsubscribe(channel));
  }

  async publish(channel: string, text: string): Promise<void> {
    const redis = this.#using();
    await (this.#isSharded ? redis.spublish(channel, text) : redis.publish(channel, text));
  }

  /** The command by which a script publishes. */
  get publishCommand(): 'SPUBLISH' | 'PUBLISH' {
    return this.#isSharded ? 'SPUBLISH' : 'PUBLISH';
  }

  async script(
    name: keyof typeof scripts,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    return await this.#using()[name](keys.length, ...keys, ...args);
  }

  async call(command: string, ...args: string[]): Promise<unknown> {
    return await this.#using().call(command, ...args);
  }

  #using(): Scripted {
    if (this.#redis === undefined || !this.#isUp)
      throw this.#lastError ?? new Error('Redis is not connected');
    return this.#redis;
  }

  #ready(redis: Scripted): void {
    if (this.#redis !== redis) return;
    clearTimeout(this.#answer);
    this.#answer = undefined;
    this.#isUp = true;
    this.#retryMs = LIMITS.busRetryMs;
    this.#lastError = undefined;
    this.#events.up(this);
  }

  #ended(redis: Scripted): void {
    if (this.#redis !== redis) return;
    this.#redis = undefined;
    redis.disconnect();
    clearInterval(this.#pinging);
    clearTimeout(this.#answer);
    this.#answer = undefined;
    const wasUp = this.#isUp;
    this.#isUp = false;
    if (!this.#isStopped) {
      this.#events.failed(this);
      this.#retry = setTimeout(() => this.start(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, LIMITS.busRetryMsMax);
    }
    if (wasUp) this.#events.down(this);
  }

  #heard(redis: Scripted, channel: string, text: string): void {
    if (this.#redis !== redis) return;
    if (channel === this.#pingChannel) {
      clearTimeout(this.#answer);
      this.#answer = undefined;
    } else this.#events.message(this, channel, text);
  }

  #ping(): void {
    const redis = this.#redis;
    const channel = this.#pingChannel;
    if (redis === undefined || channel === undefined || this.#answer !== undefined) return;
    this.#expectAnswer(redis, LIMITS.busAnswerMs);
    this.publish(channel, '').catch((error: Error) => {
      // A slot that has moved is not served here; a lost connection has ended by itself.
      if (this.#redis === redis) this.#events.moved(this);
      this.#lastError = error;
    });
  }

  #expectAnswer(redis: Scripted, ms: number): void {
    clearTimeout(this.#answer);
    this.#answer = setTimeout(() => {
      if (this.#redis === redis) this.restart(new Error('Redis has not answered in time'));
    }, ms);
  }
}
