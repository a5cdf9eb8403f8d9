import { LIMITS } from '@topgun/protocol';
import { Redis, type RedisOptions } from 'ioredis';
import { ReplicaWaits, runIdOf } from './ReplicaWaits.js';
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
const SCRIPT_NAMES = { busAppend: 'append', busRead: 'read', busTails: 'ends' } as const;

/** What Redis is asked for, as metrics name it; ping: a message of the node to itself. */
export type RedisCommand =
  | 'append'
  | 'read'
  | 'ends'
  | 'publish'
  | 'subscribe'
  | 'replicas'
  | 'ping'
  | 'other';

export interface LinkOptions {
  readonly redis: RedisOptions;
  readonly isSharded: boolean;
  /** that `replicated` waits for; 0: it does not, and there is no second connection */
  readonly replicas: number;
  /** told of every answer */
  readonly answered: (command: RedisCommand, ms: number) => void;
}

/**
 * One connection to one Redis master for everything: commands and, as RESP3 allows it, subscriptions, so a message and the answer to its
 * publishing keep their order. A connection that is lost is never mended: a new one is made, without a memory of what the old one had asked or
 * subscribed to, and whoever uses it begins anew. It pings itself through the channel that `pingChannel` names: a subscription that has died
 * silently is found like a dead connection.
 *
 * Where replicas are waited for a second connection does that, and the link is up while both are.
 */
export class RedisLink {
  readonly name: string;
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  /** bytes that its Redis uses, as it last said; undefined before it has */
  memoryBytes: number | undefined;
  #replicas: ReplicaWaits | undefined;
  #redis: Scripted | undefined;
  #isUp = false;
  #isStopped = false;
  #retryMs: number = LIMITS.busRetryMs;
  #retry: NodeJS.Timeout | undefined;
  #pinging: NodeJS.Timeout | undefined;
  #answer: NodeJS.Timeout | undefined;
  #pingChannel: string | undefined;
  #pingedMs = 0;
  #lastError: Error | undefined;

  constructor(name: string, options: LinkOptions, events: LinkEvents) {
    this.name = name;
    this.#options = options;
    this.#events = events;
  }

  /** Connections that it has. */
  get connections(): number {
    return (this.#redis === undefined ? 0 : 1) + (this.#replicas === undefined ? 0 : 1);
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
      ...this.#options.redis,
      lazyConnect: true,
      connectTimeout: LIMITS.busConnectMs,
      retryStrategy: null,
      sentinelRetryStrategy: () => null,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
    };
    const redis = new Redis({ ...options, scripts, replyMapping: 'legacy' }) as Scripted;
    this.#redis = redis;
    redis.on('error', (error: Error) => {
      this.#lastError = error;
    });
    redis.on('ready', () => void this.#ready(redis, options));
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
    await this.#timed('subscribe', this.#isSharded ? redis.ssubscribe(channel) : redis.subscribe(channel));
  }

  async unsubscribe(channel: string): Promise<void> {
    const redis = this.#using();
    const asked = this.#isSharded ? redis.sunsubscribe(channel) : redis.unsubscribe(channel);
    await this.#timed('subscribe', asked);
  }

  /** Resolves with the number of nodes that heard it, this one among them if it listens. */
  async publish(channel: string, text: string): Promise<number> {
    const redis = this.#using();
    const asked = this.#isSharded ? redis.spublish(channel, text) : redis.publish(channel, text);
    return Number(await this.#timed<unknown>('publish', asked));
  }

  /** Nodes that listen, this one among them if it does. */
  async listeners(channel: string): Promise<number> {
    const kind = this.#isSharded ? 'SHARDNUMSUB' : 'NUMSUB';
    const answer = (await this.call('PUBSUB', kind, channel)) as readonly unknown[];
    return Number(answer[1]);
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
    return await this.#timed(SCRIPT_NAMES[name], this.#using()[name](keys.length, ...keys, ...args));
  }

  async call(command: string, ...args: string[]): Promise<unknown> {
    return await this.#timed('other', this.#using().call(command, ...args));
  }

  /**
   * Resolves when as many replicas as the settings ask for have what this master has accepted; without such a setting at once. `key`: may be
   * written. `isWanted`: whether anybody waits for it still; while too few replicas are there it is asked again and again.
   */
  async replicated(key: string, isWanted: () => boolean): Promise<void> {
    if (this.#options.replicas === 0) return;
    this.#using();
    await this.#timed('replicas', this.#replicas?.reached(key, isWanted) ?? Promise.resolve());
  }

  /** Asks how much memory its Redis uses. One that does not answer is found by its pings. */
  async look(): Promise<void> {
    const info = String(await this.call('INFO', 'memory'));
    this.memoryBytes = Number(/^used_memory:(\d+)/m.exec(info)?.[1]);
  }

  get #isSharded(): boolean {
    return this.#options.isSharded;
  }

  async #timed<T>(command: RedisCommand, asked: Promise<T>): Promise<T> {
    const startedMs = performance.now();
    const answer = await asked;
    this.#options.answered(command, performance.now() - startedMs);
    return answer;
  }

  #using(): Scripted {
    if (this.#redis === undefined || !this.#isUp)
      throw this.#lastError ?? new Error('Redis is not connected');
    return this.#redis;
  }

  async #ready(redis: Scripted, options: RedisOptions): Promise<void> {
    try {
      if (this.#options.replicas > 0) await this.#openReplicas(redis, options);
    } catch (error) {
      if (this.#redis === redis) this.restart(error as Error);
      return;
    }
    if (this.#redis !== redis) return;
    clearTimeout(this.#answer);
    this.#answer = undefined;
    this.#isUp = true;
    this.#retryMs = LIMITS.busRetryMs;
    this.#lastError = undefined;
    this.#events.up(this);
  }

  async #openReplicas(redis: Scripted, options: RedisOptions): Promise<void> {
    const runId = await runIdOf(redis);
    if (this.#redis !== redis) return;
    const waits = new ReplicaWaits(options, this.#options.replicas, (error) => {
      if (this.#replicas === waits) this.restart(error);
    });
    this.#replicas = waits;
    await waits.open(runId);
  }

  #ended(redis: Scripted): void {
    if (this.#redis !== redis) return;
    this.#redis = undefined;
    redis.disconnect();
    this.#replicas?.close();
    this.#replicas = undefined;
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
      this.#options.answered('ping', performance.now() - this.#pingedMs);
    } else this.#events.message(this, channel, text);
  }

  #ping(): void {
    const redis = this.#redis;
    const channel = this.#pingChannel;
    if (redis === undefined || channel === undefined || this.#answer !== undefined) return;
    this.#expectAnswer(redis, LIMITS.busAnswerMs);
    this.#pingedMs = performance.now();
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
