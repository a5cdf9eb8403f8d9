import type { Context } from '@opentelemetry/api';
import { millisOf } from '@topgun/core';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import type { ConnectionLog } from '../ConnectionLog.js';
import type { CommitBatch, CommitResult } from '../storage/Store.js';
import type { WorkSpans } from '../tracing/WorkSpans.js';
import type { MetricsService } from './MetricsService.js';

export interface WorkMeterParts {
  readonly log?: ConnectionLog;
  readonly spans?: WorkSpans;
  readonly monoMs?: () => number;
}

/**
 * Measures the work of the engine from outside: what comes in, what a commit takes, and how long a change is on its way.
 *
 * The way of a change is measured once per commit, from the arrival of its first ops to the end of the turn in which its changes
 * have been written to the sockets. Ops that arrive while a commit is under way belong to the next one (SRV-2).
 */
export class WorkMeter {
  readonly #metrics: MetricsService;
  readonly #log: ConnectionLog | undefined;
  readonly #spans: WorkSpans | undefined;
  readonly #monoMs: () => number;
  /** arrival of the first ops that are in no commit yet */
  #waitingSinceMs: number | undefined;
  /** the same of the commit under way */
  #flushingSinceMs: number | undefined;
  /** the same of a commit whose changes are written at the end of this turn, in which the next one may begin */
  #committedSinceMs: number | undefined;

  constructor(
    metrics: MetricsService,
    { log, spans, monoMs = () => performance.now() }: WorkMeterParts = {},
  ) {
    this.#metrics = metrics;
    this.#log = log;
    this.#spans = spans;
    this.#monoMs = monoMs;
  }

  opened(conn: number, remote: string, context?: Context): void {
    this.#spans?.opened(conn, context);
    this.#metrics.counts.accepted++;
    this.#log?.opened(conn, remote);
  }

  /** `code` is the server's close code; undefined when the other side ended the socket. */
  closed(conn: number, code?: number): void {
    this.#spans?.closed(conn);
    this.#log?.closed(conn, code);
    this.#metrics.counts.closed.add(code === undefined ? 'peer' : String(code));
  }

  received(conn: number, message: ClientMessage, wallMs: number): void {
    this.#log?.received(conn, message);
    this.#spans?.received(conn, message);
    this.#metrics.counts.messages.add(message.type);
    if (message.type !== 'OPS') return;
    this.#waitingSinceMs ??= this.#monoMs();
    const last = message.rows.at(-1);
    if (last !== undefined) this.#metrics.opsReceived(message.rows.length, millisOf(last[4]) - wallMs);
  }

  /** The message that came last has been looked at. */
  handled(): void {
    this.#spans?.handled();
  }

  sent(conn: number, message: ServerMessage): void {
    this.#log?.sent(conn, message);
    this.#spans?.sent(conn, message);
  }

  commitBegun({ slices }: Pick<CommitBatch, 'slices'>): void {
    // One of meta records alone: ops may wait for it (DAT-2), and go into the next.
    if (slices.every(({ dedup }) => dedup.length === 0)) return;
    this.#spans?.commitBegun();
    this.#flushingSinceMs = this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
  }

  commitDone(durationMs: number, result: CommitResult): void {
    this.#metrics.commitDone(durationMs);
    this.#spans?.commitDone(result === 'committed');
    const sinceMs = this.#flushingSinceMs;
    this.#flushingSinceMs = undefined;
    if (result === 'committed') this.#committedSinceMs = sinceMs;
    // Its ops go into a later commit, and have been on their way since then.
    else this.#waitingSinceMs = sinceMs ?? this.#waitingSinceMs;
  }

  /** Everything sent in this turn is written. `pendingOps`: admitted and not yet durable. */
  turnDone(pendingOps: number): void {
    if (this.#committedSinceMs !== undefined)
      this.#metrics.delivered(this.#monoMs() - this.#committedSinceMs);
    this.#committedSinceMs = undefined;
    this.#spans?.delivered();
    // What came was refused, or answered from memory.
    if (pendingOps > 0) return;
    this.#waitingSinceMs = undefined;
    this.#spans?.idle();
  }
}
