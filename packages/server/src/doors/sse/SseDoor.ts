import type { ServerResponse } from 'node:http';
import { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { ServerConfig } from '../../config/schema.js';
import type { Guests } from '../../interceptors/Guests.js';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { Topics } from '../../topics/ports.js';
import { type ConnectionQuota, isSeat, noPlace, retryAfter } from '../ConnectionQuota.js';
import type { LeaveReason } from '../held/EventStream.js';
import type { HeldConnections } from '../held/HeldConnections.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from '../Route.js';
import { FrameMemo } from './FrameMemo.js';
import { SseConnection, type SseParts } from './SseConnection.js';
import { sseKind } from './sseFrames.js';
import { topicsAsked } from './topicsAsked.js';

export interface SseDoorParts {
  readonly config: Pick<ServerConfig, 'sseHeartbeatMs' | 'maxSessionMs'>;
  readonly home: HeldConnections;
  readonly quota: ConnectionQuota;
  readonly guests: Pick<Guests, 'come'>;
  /** whether the token of somebody is not believed any more */
  readonly isOut: (principal: Principal) => boolean;
  /** undefined while nobody is to be let in */
  readonly topics: () => Topics | undefined;
  readonly wallMs: () => number;
}

/** Nothing in between may hold frames back, change or keep them. */
const HEADERS = {
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const;

/** Server-sent events over HTTP: `GET /events/subscribe` and `GET /events/stats`. */
export class SseDoor {
  readonly #parts: SseDoorParts;
  readonly #streams: SseParts;

  constructor(parts: SseDoorParts) {
    this.#parts = parts;
    this.#streams = { home: parts.home, kind: sseKind(parts.config.sseHeartbeatMs), memo: new FrameMemo() };
  }

  routes(): Route[] {
    return [
      {
        method: 'GET',
        path: '/events/subscribe',
        access: 'user',
        queryToken: true,
        answer: (request) => this.#subscribe(request),
      },
      { method: 'GET', path: '/events/stats', access: 'user', answer: () => this.#stats() },
    ];
  }

  async #subscribe(request: HttpRequest): Promise<HttpAnswer> {
    const { home, quota, guests, isOut, topics: currentTopics } = this.#parts;
    const asked = topicsAsked(request.query);
    const topics = currentTopics();
    if (topics === undefined || home.isDraining) throw unavailable();
    const principal = request.principal as Principal;
    const visit = await guests.come('sse', request.remote, principal);
    if (visit === undefined) throw new HttpRefusal(401, { code: 'AUTH_FAILED' });
    const seat = quota.enter('sse', { user: principal.sub, ip: request.remote });
    if (!isSeat(seat)) {
      visit.left();
      throw noPlace(seat);
    }
    const connection = new SseConnection(topics, this.#streams, {
      principal,
      seat,
      visit,
      asked,
      ...this.#endOf(principal),
    });
    try {
      await connection.follow(lastIdOf(request));
    } catch (error) {
      throw refusalOf(error);
    }
    const contentType = 'text/event-stream';
    const hold = (response: ServerResponse): void => {
      connection.hold(response);
      // Those who are held are asked when a token is withdrawn; this one may not have been among them yet.
      if (isOut(principal)) connection.leave('token');
    };
    if (request.method !== 'HEAD') return { status: 200, contentType, headers: HEADERS, hold };
    connection.destroy();
    return { status: 200, contentType, headers: HEADERS, content: '' };
  }

  /** With its token, or when others should have a turn: not all that came at once go at once. */
  #endOf({ expiresAtMs }: Principal): { readonly endsAtMs: number; readonly endsFor: LeaveReason } {
    const { home, config, wallMs } = this.#parts;
    const nowMs = home.nowMs();
    const { maxSessionMs } = config;
    const turnMs =
      maxSessionMs === 0 ? Number.POSITIVE_INFINITY : nowMs + maxSessionMs - home.draw(maxSessionMs / 8);
    const tokenMs = expiresAtMs === undefined ? Number.POSITIVE_INFINITY : nowMs + expiresAtMs - wallMs();
    return tokenMs < turnMs
      ? { endsAtMs: tokenMs, endsFor: 'token' }
      : { endsAtMs: turnMs, endsFor: 'lifetime' };
  }

  #stats(): HttpAnswer {
    const { active, addresses, perAddressPeak, max } = this.#parts.quota.stats('sse');
    const body = {
      activeConnections: active,
      activeIps: addresses,
      perIpPeakConnections: perAddressPeak,
      maxConnections: max,
      timestamp: new Date(this.#parts.wallMs()).toISOString(),
    };
    return { status: 200, body };
  }
}

/** Browsers set the header by themselves; a program that makes each connection anew may find the query easier. */
function lastIdOf({ headers, query }: HttpRequest): string | undefined {
  const header = headers['last-event-id'];
  const id = (Array.isArray(header) ? header[0] : header) ?? query.get('lastEventId') ?? '';
  return id === '' ? undefined : id;
}

function unavailable(): HttpRefusal {
  const retryAfterMs = LIMITS.reconnectInMsMax;
  return new HttpRefusal(503, { code: 'UNAVAILABLE', retryAfterMs }, retryAfter(retryAfterMs));
}

/** What a topic that cannot be followed is answered with; what is no refusal goes on as it is. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof TopGunError)) return error;
  switch (error.code) {
    case 'TOPIC_DENIED':
      return new HttpRefusal(403, { code: 'DENIED', message: error.message });
    case 'TOPIC_INVALID':
      return new HttpRefusal(400, {
        code: 'EVENTS_INVALID',
        message: error.message,
        ...(error.remedy !== undefined && { remedy: error.remedy }),
      });
    default:
      return error.retriable ? unavailable() : error;
  }
}
