import type { Context } from '@opentelemetry/api';
import type { ClientMessage, CloseCode, ErrorCode, ServerMessage } from '@topgun/protocol';
import { lifeOver } from './cluster/lifeOver.js';
import type { OperationLog } from './debug/OperationLog.js';
import type { ClusterSide } from './engine/cluster/ClusterSide.js';
import { isForwarded } from './engine/cluster/forwardedItems.js';
import type { OpEntry } from './engine/DedupTable.js';
import type { Op } from './engine/Op.js';
import type { Outbox } from './engine/outbox/Outbox.js';
import type { DedupName, QueriedResult, RollbackProof, ServerEffects } from './engine/ports.js';
import type { RepairOrder, RepairResult } from './engine/repair/Repair.js';
import type { ResolverFault } from './engine/resolvers/Resolvers.js';
import type { ServerEngine } from './engine/ServerEngine.js';
import { serverError } from './errors.js';
import type { Interceptor } from './interceptors/Interceptor.js';
import { Interceptors } from './interceptors/Interceptors.js';
import type { WorkMeter } from './metrics/WorkMeter.js';
import { PendingCalls } from './PendingCalls.js';
import { isPeer, RequestPeers } from './RequestPeers.js';
import type { SlowQueryLog } from './SlowQueryLog.js';
import type { Policy } from './security/PermissionPolicy.js';
import type { SecurityManager } from './security/SecurityManager.js';
import type { CommitBatch, CommitResult, DedupState, SharedStore, Store } from './storage/Store.js';
import type { SharedMessage } from './topics/ports.js';
import type { TransportListener, WebSocketTransport } from './transport/WebSocketTransport.js';
import type { Logger } from './utils/logger.js';

/** Wall clock, ms since the epoch. */
export interface WallClock {
  wallMs(): number;
}

export interface EngineHostParts {
  readonly store: Store;
  readonly security: Pick<SecurityManager, 'verify' | 'objectionTo'>;
  readonly clock: WallClock;
  readonly logger: Logger;
  /** of servers that clients ask */
  readonly slowQueries?: SlowQueryLog;
  /** of programs that have some */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** of servers that are watched */
  readonly meter?: WorkMeter;
  /** of servers that may be looked into */
  readonly operations?: OperationLog | undefined;
  /** other policies hold */
  readonly onPolicies?: () => void;
  /** facts of webhooks are durable */
  readonly onOutbox?: (facts: ReadonlyMap<string, unknown>) => void;
  /** of a node of a cluster: how it commits, in place of the store alone */
  readonly commitShared?: ((batch: CommitBatch) => ReturnType<SharedStore['commitShared']>) | undefined;
  readonly onCommit: (durationMs: number, result: CommitResult) => void;
  /** the engine broke an invariant, or the store a promise: nothing more is done */
  readonly onFatal: (error: unknown) => void;
}

/** A timer of Node takes no longer delay. */
const DELAY_MS_MAX = 2 ** 31 - 1;

/**
 * Stands around the engine: performs its effects and brings their completions, and what sockets bring, as inputs.
 * After any input one tick follows in the same turn of the event loop, then everything sent is written.
 */
export class EngineHost implements ServerEffects, Omit<TransportListener, 'opened'> {
  /** requests over HTTP, which are connections to the engine as sockets are */
  readonly requests = new RequestPeers(this);
  readonly #parts: EngineHostParts;
  readonly #interceptors: Interceptors | undefined;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #engine: ServerEngine | undefined;
  #transport: WebSocketTransport | undefined;
  #tickDue = false;
  /** what is sent now is written at once */
  #isEnding = false;
  #stopped = false;
  #onDrained: (() => void) | undefined;
  /** tokens that came with the handshake, by connection */
  readonly #tokens = new Map<number, string>();
  readonly #repairing = new PendingCalls<number, RepairResult>();
  #repairCalls = 0;
  /** by version of the stored policies */
  readonly #storing = new PendingCalls<number, boolean>();

  constructor(parts: EngineHostParts) {
    this.#parts = parts;
    const { interceptors = [], logger } = parts;
    if (interceptors.length > 0) this.#interceptors = new Interceptors(interceptors, logger);
  }

  /** Whether the program wants to see ops before they are judged. */
  get screensOps(): boolean {
    return this.#interceptors?.screensOps === true;
  }

  /** Engine and transport both need the host before they exist; they are handed over before the first input. */
  connect(engine: ServerEngine, transport?: WebSocketTransport): void {
    this.#engine = engine;
    this.#transport = transport;
  }

  /** What is due may be another thing than before: the store is loaded, or somebody said something beside the inputs. */
  wake(): void {
    this.#input(() => undefined);
  }

  /** Resolves once everything admitted is durable and answered, or after `waitMs`; true = all of it. */
  drain(waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(false), waitMs);
      this.#onDrained = () => {
        clearTimeout(late);
        resolve(true);
      };
      this.#input((engine, now) => engine.drain(now));
      if (this.#stopped) this.#onDrained();
    });
  }

  /** Resolves when the repair is durable or refused. Throws SERVER_STATE when the host stops before: it may or may not have been made. */
  repair(order: RepairOrder): Promise<RepairResult> {
    const call = ++this.#repairCalls;
    const repaired = this.#repairing.wait(call);
    this.#input((engine) => engine.repairs.ask(call, order));
    return repaired;
  }

  /** Other tokens are believed than before: sessions whose token is not one of them end (AUTH-7, AUTH-40). */
  judgeTokens(): void {
    const { security } = this.#parts;
    this.#input((engine, now) =>
      engine.judgeTokens((principal) => security.objectionTo(principal, now), now),
    );
  }

  /** Other configured policies, from now on. Throws `POLICY_INVALID` and keeps the old. */
  configure(policies: readonly Policy[]): void {
    this.#engine?.policies.check(policies);
    this.#input((engine, now) => engine.setPolicies(policies, now));
  }

  /**
   * Replaces the policies in the store; resolves when they are durable and hold, with false when `base` is not their version any more.
   * Throws SERVER_STATE when the host stops before.
   */
  async storePolicies(base: number, policies: readonly Policy[], by: string): Promise<boolean> {
    let isTaken = false;
    this.#input((engine, now) => {
      isTaken = engine.policies.store(base, policies, by, now);
    });
    return isTaken && this.#storing.wait(base + 1);
  }

  /** What the outbox is asked or told in one turn goes with one commit. */
  outbox(run: (outbox: Outbox) => void): void {
    this.#input((engine) => run(engine.outbox));
  }

  /** What other nodes bring, and what they are about: an input as any other. */
  cluster(run: (side: ClusterSide) => void): void {
    this.#input((engine) => engine.cluster && run(engine.cluster));
  }

  /** No input reaches the engine any more, and no timer fires. */
  stop(): void {
    this.#stopped = true;
    this.requests.stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    const error = serverError('SERVER_STATE', 'The server stopped before this was known to be durable.');
    this.#repairing.rejectAll(error);
    this.#storing.rejectAll(error);
  }

  // --- what sockets bring ---

  /** `context`: the trace that the handshake belongs to */
  opened(conn: number, remote: string, token?: string, context?: Context): void {
    if (token !== undefined) this.#tokens.set(conn, token);
    if (!isPeer(conn)) this.#parts.meter?.opened(conn, remote, context);
    this.#interceptors?.opened(conn, remote);
    this.#input((engine, now) => engine.opened(conn, { remote }, now));
  }

  message(conn: number, message: ClientMessage, bytes: number): void {
    const run = (): void => this.#input((engine, now) => engine.message(conn, message, now, bytes));
    const { slowQueries, meter, clock } = this.#parts;
    if (message.type !== 'AUTH' || !isPeer(conn)) meter?.received(conn, message, clock.wallMs());
    if (slowQueries === undefined || message.type !== 'QUERY_SUB') run();
    else slowQueries.watch(run);
    meter?.handled();
  }

  refused(conn: number, code: ErrorCode, path: string | undefined): void {
    this.#input((engine, now) => engine.refused(conn, code, path, now));
  }

  pressed(conn: number, isBehind: boolean): void {
    this.#input((engine) => engine.pressed(conn, isBehind));
  }

  unread(conn: number): void {
    this.#input((engine, now) => engine.unread(conn, now));
  }

  closed(conn: number, hasLeft: boolean): void {
    this.#tokens.delete(conn);
    if (!isPeer(conn)) this.#parts.meter?.closed(conn);
    this.#interceptors?.closed(conn);
    this.#input((engine, now) => engine.closed(conn, now, hasLeft));
  }

  // --- what the engine asks for ---

  send(conn: number, message: ServerMessage): void {
    this.#parts.meter?.sent(conn, message);
    if (isPeer(conn)) this.requests.heard(conn, message);
    else this.#transport?.send(conn, message);
    if (!this.#isEnding) this.#tickSoon();
  }

  sendShared(conns: readonly number[], message: ServerMessage, shared?: SharedMessage): void {
    this.#transport?.sendShared(conns, message, shared);
    // Topics bring messages in their own time.
    if (!this.#isEnding) this.#tickSoon();
  }

  close(conn: number, code: number, reason: string): void {
    this.#interceptors?.closed(conn);
    if (isPeer(conn)) return this.requests.closed(conn, code as CloseCode);
    this.#tokens.delete(conn);
    this.#parts.meter?.closed(conn, code);
    this.#transport?.close(conn, code, reason);
  }

  verify(conn: number, token: string | undefined): void {
    const { security, clock, logger } = this.#parts;
    const interceptors = isForwarded(conn) ? undefined : this.#interceptors;
    const onRefused = (reason: string): void => logger.info({ conn, reason }, 'token refused');
    // The token of a request was looked at by its door.
    const known = this.requests.verdictOf(conn);
    const checked =
      known === undefined
        ? security.verify(token ?? this.#tokens.get(conn), clock.wallMs(), onRefused)
        : Promise.resolve(known);
    const admitted =
      interceptors === undefined ? checked : checked.then((found) => interceptors.admit(conn, found));
    this.#complete(admitted, (verdict) => {
      this.#input((engine, now) => {
        // It may have been revoked in the meantime.
        const isOver = 'principal' in verdict && security.objectionTo(verdict.principal, now) !== undefined;
        engine.verified(conn, isOver ? { error: 'AUTH_FAILED' } : verdict, now);
      });
    });
  }

  commit(id: number, batch: CommitBatch): void {
    const begun = performance.now();
    const { store, meter, commitShared } = this.#parts;
    meter?.commitBegun(batch);
    const done = (result: CommitResult, ...revision: [number?]): void => {
      this.#parts.onCommit(performance.now() - begun, result);
      if (result !== 'committed') this.#parts.logger.error({ id, result }, 'commit did not succeed');
      this.#input((engine, now) => engine.committed(id, result, now, ...revision));
    };
    if (commitShared === undefined) this.#complete(store.commit(batch), (result) => done(result));
    else this.#complete(commitShared(batch), ({ result, revision }) => done(result, revision));
  }

  readDedup(id: number, names: readonly DedupName[]): void {
    const { store } = this.#parts;
    const reads = names.map(
      ({ pid, clientId, session }): Promise<DedupState | undefined> =>
        store.readDedup(pid, clientId, session),
    );
    this.#complete(Promise.all(reads), (states) => {
      this.#input((engine, now) => engine.dedupRead(id, states, now));
    });
  }

  renew(): void {
    this.#complete(this.#parts.store.renew(), (incarnation) => {
      this.#parts.logger.warn({ incarnation }, 'the store has lost time: a new incarnation begins');
      // Each node holds what its peers may not: all begin anew from what the store has (STO-38).
      if (this.#parts.commitShared !== undefined) return this.#fail(lifeOver());
      this.#input((engine, now) => engine.renewed(incarnation, now));
    });
  }

  arm(timer: string, delayMs: number): void {
    this.cancel(timer);
    if (this.#stopped) return;
    const fire = (): void => {
      this.#timers.delete(timer);
      this.#input((engine, now) => engine.timer(timer, now));
    };
    this.#timers.set(timer, setTimeout(fire, Math.min(Math.max(0, delayMs), DELAY_MS_MAX)));
  }

  cancel(timer: string): void {
    clearTimeout(this.#timers.get(timer));
    this.#timers.delete(timer);
  }

  rolledBack(proof: RollbackProof): void {
    this.#parts.logger.error({ ...proof }, 'the store was put back to an earlier state');
  }

  screen(question: number, op: Op): void {
    const interceptors = this.#interceptors;
    if (interceptors === undefined) return;
    this.#complete(interceptors.screen(op), (verdict) => {
      this.#input((engine) => engine.screened(question, verdict));
    });
  }

  resolverFailed(fault: ResolverFault): void {
    const { error, ...about } = fault;
    this.#parts.logger.error({ err: error, ...about }, 'a resolver failed; the write was refused');
  }

  repaired(call: number, result: RepairResult): void {
    if ('repair' in result)
      this.#parts.logger.warn({ ...result.repair }, 'a record from the future was repaired');
    this.#repairing.answer(call, result);
  }

  policiesStored(version: number, isOurs: boolean): void {
    this.#parts.logger.warn({ version }, 'policies in the store replaced');
    for (const waiting of this.#storing.names())
      if (waiting <= version) this.#storing.answer(waiting, isOurs);
  }

  policiesChanged(): void {
    this.#parts.onPolicies?.();
  }

  outboxStored(facts: ReadonlyMap<string, unknown>): void {
    this.#parts.onOutbox?.(facts);
  }

  queried(result: QueriedResult): void {
    this.#parts.slowQueries?.queried(result);
  }

  decided(op: Op, entry: OpEntry): void {
    this.#interceptors?.decided(op, entry);
    this.#parts.operations?.add(op, entry, this.#parts.clock.wallMs());
  }

  drained(): void {
    // What the engine sends in the same breath is written first.
    setImmediate(() => this.#onDrained?.());
  }

  #input(run: (engine: ServerEngine, now: number) => void): void {
    const engine = this.#engine;
    if (engine === undefined || this.#stopped) return;
    try {
      run(engine, this.#parts.clock.wallMs());
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#tickSoon();
  }

  /** A turn is ended once, after all that it brought. */
  #tickSoon(): void {
    const engine = this.#engine;
    if (engine === undefined || this.#tickDue || this.#stopped) return;
    this.#tickDue = true;
    setImmediate(() => this.#tick(engine));
  }

  #tick(engine: ServerEngine): void {
    this.#tickDue = false;
    if (this.#stopped) return;
    this.#isEnding = true;
    try {
      engine.tick(this.#parts.clock.wallMs());
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#transport?.flush();
    this.#isEnding = false;
    this.#parts.meter?.turnDone(engine.counts.pendingOps);
  }

  #complete<T>(work: Promise<T>, then: (value: T) => void): void {
    work.then(then, (error: unknown) => this.#fail(error));
  }

  /** A machine whose invariant broke must not go on deciding; what was acknowledged is in the store. */
  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#parts.onFatal(error);
  }
}
