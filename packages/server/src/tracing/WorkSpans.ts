import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { familyOf } from '../metrics/mapFamilies.js';
import { tracer } from './tracer.js';

/** Spans of ops that are under way at most; of more of them nothing is recorded. */
const OPEN_MAX = 10_000;

/** Messages that are answered before the next one is looked at, by the name of their span. */
const ANSWERED_AT_ONCE: Readonly<Partial<Record<ClientMessage['type'], string>>> = {
  QUERY_SUB: 'topgun query',
  SYNC_INIT: 'topgun sync',
  MERKLE_REQ: 'topgun sync',
  ROWS_REQ: 'topgun sync',
};

/**
 * Spans of what sockets ask for (OBS-40): AUTH until it is answered, queries and steps of a sync, and frames of ops from their
 * arrival until the turn in which their commit has been answered. Nothing is kept while nobody records.
 */
export class WorkSpans {
  /** of sockets whose handshake is recorded */
  readonly #contexts = new Map<number, Context>();
  readonly #auths = new Map<number, Span>();
  /** frames whose ops are in no commit yet, and those of the commit under way */
  #waiting: Span[] = [];
  #flushing: Span[] = [];
  /** of a commit whose answers are written at the end of this turn, in which the next one may begin */
  #committed: Span[] = [];
  /** of the message that is being looked at */
  #current: Span | undefined;

  opened(conn: number, context: Context | undefined): void {
    if (context !== undefined) this.#contexts.set(conn, context);
  }

  closed(conn: number): void {
    this.#contexts.delete(conn);
    this.#endAuth(conn, 'closed');
  }

  received(conn: number, message: ClientMessage): void {
    const { type } = message;
    if (type === 'OPS') this.#ops(conn, message.rows.length);
    else if (type === 'AUTH') {
      const span = this.#start('topgun auth', conn);
      if (span !== undefined && !this.#auths.has(conn)) this.#auths.set(conn, span);
    } else {
      const name = ANSWERED_AT_ONCE[type];
      this.#current = name === undefined ? undefined : this.#start(name, conn);
      if (this.#current === undefined) return;
      this.#current.setAttribute('topgun.message', type);
      if ('map' in message) this.#current.setAttribute('topgun.map', familyOf(message.map));
    }
  }

  /** The message has been looked at, and answered if its kind is answered at once. */
  handled(): void {
    this.#current?.end();
    this.#current = undefined;
  }

  sent(conn: number, { type, ...rest }: ServerMessage): void {
    if (type !== 'AUTH_ACK' && type !== 'ERROR') return;
    const code = type === 'ERROR' && 'code' in rest ? rest.code : undefined;
    if (this.#current !== undefined && code !== undefined) failed(this.#current, code);
    this.#endAuth(conn, code);
  }

  commitBegun(): void {
    for (const span of this.#waiting) span.addEvent('commit');
    this.#flushing = this.#waiting;
    this.#waiting = [];
  }

  commitDone(isCommitted: boolean): void {
    for (const span of this.#flushing) span.addEvent(isCommitted ? 'committed' : 'failed');
    if (isCommitted) this.#committed = this.#flushing;
    // Admitted again, into a later commit.
    else this.#waiting = [...this.#flushing, ...this.#waiting];
    this.#flushing = [];
  }

  /** What follows from the commit is written to the sockets. */
  delivered(): void {
    for (const span of this.#committed) span.end();
    this.#committed = [];
  }

  /** Nothing is admitted and not durable: what was left was refused, or answered from memory. */
  idle(): void {
    for (const span of this.#waiting) span.end();
    this.#waiting = [];
  }

  #ops(conn: number, ops: number): void {
    if (this.#waiting.length + this.#flushing.length >= OPEN_MAX) return;
    const span = this.#start('topgun ops', conn);
    if (span === undefined) return;
    span.setAttribute('topgun.ops', ops);
    this.#waiting.push(span);
  }

  #endAuth(conn: number, fault: string | undefined): void {
    const span = this.#auths.get(conn);
    if (span === undefined) return;
    this.#auths.delete(conn);
    if (fault !== undefined) failed(span, fault);
    span.end();
  }

  #start(name: string, conn: number): Span | undefined {
    const parent = this.#contexts.get(conn) ?? ROOT_CONTEXT;
    const span = tracer().startSpan(name, { kind: SpanKind.SERVER }, parent);
    if (!span.isRecording()) return undefined;
    span.setAttribute('topgun.conn', conn);
    return span;
  }
}

function failed(span: Span, code: string): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}
