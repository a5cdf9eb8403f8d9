import type { IncomingMessage } from 'node:http';
import {
  type Context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { tracer } from './tracer.js';

/** The trace that a request belongs to, by its header `traceparent` or whatever the program's propagator reads. */
const contextOf = ({ headers }: IncomingMessage): Context => propagation.extract(ROOT_CONTEXT, headers);

/** Spans of what arrives over HTTP: requests, and handshakes of sockets (OBS-40). */
export class HttpSpans {
  readonly #handshakes = new WeakMap<IncomingMessage, Span>();

  /** Ended by `answered`. Its name and route are known then: the path that was asked for is told to nobody. */
  request(request: IncomingMessage): Span {
    const attributes = { 'http.request.method': request.method ?? '' };
    return tracer().startSpan('HTTP', { kind: SpanKind.SERVER, attributes }, contextOf(request));
  }

  answered(span: Span, method: string, route: string, status: number): void {
    span.updateName(`${method} ${route}`);
    span.setAttributes({ 'http.route': route, 'http.response.status_code': status });
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }

  /** Ended by `opened`; as an error when the socket is gone before. */
  handshake(request: IncomingMessage): void {
    const span = tracer().startSpan('topgun handshake', { kind: SpanKind.SERVER }, contextOf(request));
    if (!span.isRecording()) return;
    this.#handshakes.set(request, span);
    request.socket.once('close', () => {
      if (!this.#handshakes.delete(request)) return;
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'refused' });
      span.end();
    });
  }

  /** The trace that belongs to the socket from now on; undefined when nothing is recorded. */
  opened(request: IncomingMessage, conn: number): Context | undefined {
    const span = this.#handshakes.get(request);
    if (span === undefined) return undefined;
    this.#handshakes.delete(request);
    span.setAttribute('topgun.conn', conn);
    span.end();
    return trace.setSpan(contextOf(request), span);
  }
}
