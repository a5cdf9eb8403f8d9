import { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { keepsMailboxes, type MailboxPlace } from '../../config/checkMailboxes.js';
import type { ServerConfig } from '../../config/schema.js';
import type { Guests, Visit } from '../../interceptors/Guests.js';
import type { LimitCounts } from '../../limits/LimitCounts.js';
import { addressKey } from '../../security/addresses.js';
import type { Topics } from '../../topics/ports.js';
import type { Logger } from '../../utils/logger.js';
import { type ConnectionQuota, isSeat, type Seat } from '../ConnectionQuota.js';
import type { HeldConnections } from '../held/HeldConnections.js';
import {
  type EveryOrigin,
  type HttpAnswer,
  type HttpHeaders,
  HttpRefusal,
  type HttpRequest,
  type Route,
} from '../Route.js';
import { BridgePosts } from './BridgePosts.js';
import { BridgeRefusal } from './BridgeRefusal.js';
import { BridgeStream } from './BridgeStream.js';
import { BypassTokens } from './BypassTokens.js';
import { BRIDGE_PRINCIPAL } from './bridgePolicy.js';
import { mailboxOf } from './clientId.js';
import { HEARTBEATS, type MailboxData } from './frames.js';
import { type EventsQuestion, readEvents, readMessage, readVerify } from './parameters.js';
import { originOf } from './SeenClients.js';
import { SharedSightings } from './SharedSightings.js';

export type BridgeSettings = MailboxPlace &
  Pick<
    ServerConfig,
    | 'storage'
    | 'bridgePath'
    | 'bridgeMessagesPerIpMax'
    | 'bridgeConnectionsPerIpMax'
    | 'bridgeBypassTokens'
    | 'bridgeWebhookUrls'
    | 'bridgeCopyToUrl'
    | 'bridgeTtlSecondsMax'
    | 'bridgeHeartbeatMs'
    | 'bridgeLifetimeMs'
    | 'bridgeLifetimeJitterMs'
  >;

export interface BridgeDoorParts {
  readonly config: BridgeSettings;
  readonly home: HeldConnections;
  readonly quota: Pick<ConnectionQuota, 'enter'>;
  readonly guests: Pick<Guests, 'come'>;
  /** undefined while nobody is to be let in */
  readonly topics: () => Topics | undefined;
  readonly wallMs: () => number;
  readonly version: string;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly limits: Pick<LimitCounts, 'hit'>;
  /** a listener came, for so many client ids */
  readonly onHeard: (clientIds: number) => void;
}

/** For metrics; but the first two they only ever grow. */
export interface BridgeFigures {
  readonly connections: number;
  /** client ids of all connections */
  readonly subscriptions: number;
  readonly transferred: number;
  readonly delivered: number;
  readonly badRequests: number;
  readonly postsLeftOut: number;
  /** where messages are kept */
  readonly storage: string;
  /** by fingerprint of the token */
  readonly tokenUses: Iterable<readonly [fingerprint: string, uses: number]>;
}

const EVERY_ORIGIN: EveryOrigin = {
  answer: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Credentials': 'true' },
  preflight: {
    'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
    'Access-Control-Allow-Headers':
      'DNT, X-CustomHeader, Keep-Alive, User-Agent, X-Requested-With, If-Modified-Since, Cache-Control, Content-Type, Authorization',
    'Access-Control-Max-Age': '86400',
  },
};

const STREAM_HEADERS: HttpHeaders = {
  'Cache-Control': 'private, no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

/** The message bridge: three paths that translate between its clients and the mailboxes among the topics. */
export class BridgeDoor {
  readonly #parts: BridgeDoorParts;
  readonly #rates: RateLimiterMemory;
  readonly #tokens: BypassTokens;
  readonly #seen: SharedSightings;
  readonly #posts: BridgePosts;
  readonly #kinds;
  readonly #counts = { connections: 0, subscriptions: 0, transferred: 0, delivered: 0, badRequests: 0 };
  #bypassed = 0;

  constructor(parts: BridgeDoorParts) {
    this.#parts = parts;
    const { config, logger } = parts;
    const failed = (error: unknown): void =>
      logger.warn({ err: error }, 'other nodes are not told of clients');
    this.#seen = new SharedSightings({ topics: parts.topics, wallMs: parts.wallMs, failed });
    this.#rates = new RateLimiterMemory({ points: config.bridgeMessagesPerIpMax, duration: 1 });
    this.#tokens = new BypassTokens(config.bridgeBypassTokens);
    this.#posts = new BridgePosts({
      webhookUrls: config.bridgeWebhookUrls,
      copyToUrl: config.bridgeCopyToUrl,
      failed: (url, error) => logger.warn({ url: originOf(url), err: error }, 'a post of the bridge failed'),
    });
    const kind = (heartbeat: string) => ({
      heartbeat: Buffer.from(heartbeat),
      heartbeatMs: config.bridgeHeartbeatMs,
      farewell: () => undefined,
    });
    this.#kinds = { legacy: kind(HEARTBEATS.legacy), message: kind(HEARTBEATS.message) };
  }

  /** The topics are open. */
  opened(): void {
    this.#seen.opened();
  }

  routes(): Route[] {
    const { bridgePath: path } = this.#parts.config;
    const shared = { access: 'open', everyOrigin: EVERY_ORIGIN } as const;
    return [
      { ...shared, method: 'GET', path: `${path}/events`, answer: this.#told(this.#events) },
      {
        ...shared,
        method: 'POST',
        path: `${path}/message`,
        ownRates: true,
        answer: this.#told(this.#message),
      },
      { ...shared, method: 'POST', path: `${path}/verify`, answer: this.#told(this.#verify) },
    ];
  }

  figures(): BridgeFigures {
    const { config } = this.#parts;
    const storage = keepsMailboxes(config) ? config.storage : 'redis';
    return { ...this.#counts, storage, postsLeftOut: this.#posts.leftOut, tokenUses: this.#tokens.uses() };
  }

  /** A route's answer, whose refusals are told as clients of bridges expect it. */
  #told(answer: (request: HttpRequest) => Promise<HttpAnswer>): Route['answer'] {
    return async (request) => {
      const commit = { 'X-Build-Commit': this.#parts.version };
      try {
        const answered = await answer(request);
        return { ...answered, headers: { ...answered.headers, ...commit } };
      } catch (error) {
        if (!(error instanceof BridgeRefusal)) throw error;
        const { status: statusCode, message } = error;
        if (statusCode < 500 && statusCode !== 429) this.#counts.badRequests++;
        // What is left of a body is not read.
        const close = request.method === 'POST' ? { Connection: 'close' } : {};
        return { status: statusCode, body: { message, statusCode }, headers: { ...commit, ...close } };
      }
    };
  }

  readonly #events = async (request: HttpRequest): Promise<HttpAnswer> => {
    const { headers, query, remote: ip } = request;
    const { wallMs } = this.#parts;
    const lastEventId = headers['last-event-id'];
    const asked = readEvents(query, Array.isArray(lastEventId) ? lastEventId[0] : lastEventId, wallMs());
    const contentType = 'text/event-stream';
    const answer = { status: 200, contentType, headers: STREAM_HEADERS };
    if (request.method === 'HEAD') return { ...answer, content: '' };
    const topics = this.#topicsNow();
    const visit = await this.#parts.guests.come('bridge', request.remote, BRIDGE_PRINCIPAL);
    if (visit === undefined) throw new BridgeRefusal(401, 'not let in');
    const seat = this.#seatFor(request, visit);
    const stream = this.#createStream(asked, topics, seat, visit);
    try {
      await stream.open();
    } catch (error) {
      stream.closed();
      throw this.#refusalOf(error, 503, 'the mailbox cannot be read now');
    }
    const [clientId = ''] = asked.clientIds;
    const { origin = '', 'user-agent': userAgent = '' } = headers;
    this.#parts.onHeard(asked.clientIds.length);
    this.#seen.add({ clientId, ip, origin: originOf(origin), userAgent });
    return { ...answer, hold: (response) => stream.hold(response) };
  };

  readonly #message = async (request: HttpRequest): Promise<HttpAnswer> => {
    const { headers, query, remote } = request;
    const { wallMs, config } = this.#parts;
    if (!this.#tokens.use(headers.authorization)) await this.#takeTurn(remote);
    const { from, to, ttlS, topic, traceId } = readMessage(query, config.bridgeTtlSecondsMax, wallMs());
    const topics = this.#topicsNow();
    const body = await bodyOf(request, LIMITS.bridgeBodyBytes, 413);
    const message = body.toString('utf8');
    const data: MailboxData = { from, message, trace_id: traceId };
    // Of no time at all: for whoever hears it now.
    const ttlMs = Math.max(1, ttlS * 1000);
    try {
      await topics.publish(mailboxOf(to), data, BRIDGE_PRINCIPAL, { name: 'message', ttlMs });
    } catch (error) {
      throw this.#refusalOf(error, 500, 'failed to store message');
    }
    this.#counts.transferred++;
    this.#posts.accepted(from, topic, query, message);
    return { status: 200, body: { message: 'OK', statusCode: 200 } };
  };

  readonly #verify = async (request: HttpRequest): Promise<HttpAnswer> => {
    const body = await bodyOf(request, LIMITS.bridgeVerifyBytes, 400);
    const { clientId, url } = readVerify(request.query, request.headers['content-type'] ?? '', body);
    const status = this.#seen.verify(clientId, url, request.remote);
    return { status: 200, body: { status } };
  };

  #createStream(asked: EventsQuestion, topics: Topics, seat: Seat, visit: Pick<Visit, 'left'>): BridgeStream {
    const { home, config, logger } = this.#parts;
    const { clientIds, place, heartbeat, tellsQueueDone } = asked;
    const counts = this.#counts;
    const mailboxes = [...new Set(clientIds.map(mailboxOf))];
    counts.connections++;
    counts.subscriptions += mailboxes.length;
    return new BridgeStream({
      home,
      kind: this.#kinds[heartbeat],
      endsAtMs: home.nowMs() + config.bridgeLifetimeMs + home.draw(config.bridgeLifetimeJitterMs),
      topics,
      mailboxes,
      place,
      tellsQueueDone,
      delivered: () => counts.delivered++,
      failed: (error) => logger.error({ err: error }, 'a mailbox could not be read'),
      gone: () => {
        seat.leave();
        visit.left();
        counts.connections--;
        counts.subscriptions -= mailboxes.length;
      },
    });
  }

  #topicsNow(): Topics {
    const topics = this.#parts.topics();
    if (topics === undefined) throw new BridgeRefusal(503, 'the server is starting or stopping');
    return topics;
  }

  #seatFor({ headers, remote }: HttpRequest, visit: Pick<Visit, 'left'>): Seat {
    // Who is not held to the limit by address has an address of his own; the limit of all holds for him, too.
    const ip = this.#tokens.use(headers.authorization) ? `bypass ${this.#bypassed++}` : remote;
    const seat = this.#parts.quota.enter('bridge', { ip });
    if (isSeat(seat)) return seat;
    visit.left();
    const { bridgeConnectionsPerIpMax: max } = this.#parts.config;
    throw seat.status === 429
      ? new BridgeRefusal(429, `you have reached the limit of streaming connections: ${max} max`)
      : new BridgeRefusal(503, 'the bridge has no place left');
  }

  async #takeTurn(ip: string): Promise<void> {
    try {
      await this.#rates.consume(addressKey(ip));
    } catch (exceeded) {
      if (!(exceeded instanceof RateLimiterRes)) throw exceeded;
      this.#parts.limits.hit('bridgeMessagesPerIp');
      throw new BridgeRefusal(429, 'rate limit exceeded');
    }
  }

  /** What a client is told of an error of the topics. */
  #refusalOf(error: unknown, status: number, message: string): BridgeRefusal {
    switch (error instanceof TopGunError ? error.code : '') {
      case 'TOPIC_FULL':
        this.#parts.limits.hit('bridgeMailboxMessages');
        return new BridgeRefusal(429, 'mailbox is full');
      case 'TOPIC_FULL_BYTES':
        this.#parts.limits.hit('bridgeMailboxBytes');
        return new BridgeRefusal(507, 'mailbox is full');
    }
    this.#parts.logger.error({ err: error }, message);
    return new BridgeRefusal(status, message);
  }
}

async function bodyOf(request: HttpRequest, maxBytes: number, status: number): Promise<Buffer> {
  try {
    return await request.body(maxBytes);
  } catch (error) {
    if (!(error instanceof HttpRefusal)) throw error;
    throw new BridgeRefusal(status, 'request body too large');
  }
}
