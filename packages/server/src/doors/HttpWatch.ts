import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HostCounts } from '../metrics/HostCounts.js';
import type { HttpSpans } from '../tracing/HttpSpans.js';
import type { Logger } from '../utils/logger.js';

/** A request as it is followed from its arrival to the end of its answer. */
export interface WatchedRequest {
  /** names it in logs, and to the asker in X-Request-Id */
  readonly requestId: string;
  /** path of its route, `static` for a file, `none` without one; never the path that was asked for */
  route: string;
  /** address of the asker */
  remote: string;
  /** It has its answer; by itself when the response closes. */
  readonly answered: () => void;
}

/** What an asker may call his request. */
const REQUEST_ID = /^[\w.-]{1,64}$/;

/** Counts, logs and traces HTTP requests, and gives each an id (OBS-32). */
export class HttpWatch {
  readonly #counts: HostCounts;
  readonly #logger: Logger;
  readonly #spans: HttpSpans;

  constructor(counts: HostCounts, logger: Logger, spans: HttpSpans) {
    this.#counts = counts;
    this.#spans = spans;
    this.#logger = logger;
  }

  begin(request: IncomingMessage, response: ServerResponse): WatchedRequest {
    const begunMs = performance.now();
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    const span = this.#spans.request(request);
    response.setHeader('X-Request-Id', requestId);
    let isAnswered = false;
    const answered = (): void => {
      if (isAnswered) return;
      isAnswered = true;
      const { statusCode: status } = response;
      const { route, remote } = watched;
      this.#counts.httpRequests.add(route);
      this.#counts.httpAnswers.add(String(status));
      this.#spans.answered(span, request.method ?? '', route, status);
      if (!this.#logger.isLevelEnabled('debug')) return;
      const ms = Math.round(performance.now() - begunMs);
      const { method } = request;
      this.#logger.debug({ requestId, method, route, status, ms, remote }, 'HTTP request');
    };
    response.once('close', answered);
    const { remoteAddress: remote = '' } = request.socket;
    const watched: WatchedRequest = { requestId, route: 'none', remote, answered };
    return watched;
  }

  /** Answered 500. */
  failed({ requestId, route }: WatchedRequest, error: unknown): void {
    this.#logger.error({ err: error, requestId, route }, 'HTTP request failed');
  }
}
