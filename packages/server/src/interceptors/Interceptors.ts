import { LIMITS } from '@topgun/protocol';
import { isForwarded, isForwardedRequest } from '../engine/cluster/forwardedItems.js';
import type { OpEntry } from '../engine/DedupTable.js';
import { mapOf, type Op } from '../engine/Op.js';
import type { Verdict } from '../engine/ports.js';
import type { ScreenVerdict } from '../engine/Screened.js';
import { isPeer } from '../RequestPeers.js';
import type { Logger } from '../utils/logger.js';
import { inTime, logFailure, notify } from './asking.js';
import { Guests, type Visit } from './Guests.js';
import type {
  ClientConnection,
  InterceptedOp,
  InterceptedWrite,
  Interceptor,
  OpDecision,
  OpOutcome,
} from './Interceptor.js';

const KINDS = ['PUT', 'REMOVE', 'OR_ADD', 'OR_REMOVE', 'INCREMENT'] as const;
const OUTCOMES = ['applied', 'superseded', 'changed', 'rejected'] as const;
const FINAL: readonly string[] = ['DENIED', 'LIMIT', 'VALUE_NOT_ADMITTED'];
const PASSING: readonly string[] = ['RATE', 'UNAVAILABLE'];
const FAILED: ScreenVerdict = { later: 'UNAVAILABLE', retryAfterMs: LIMITS.interceptorRetryMs };
const RETRY_MS_MAX = 3_600_000;

/** Requests over HTTP are connections to the engine, too (REC-1), and so are clients of other nodes (CLU-30). */
const doorOf = (conn: number): ClientConnection['door'] =>
  (isForwarded(conn) ? isForwardedRequest(conn) : isPeer(conn)) ? 'http' : 'binary';

/**
 * Asks the interceptors of the program, one after another in the order they were given in, and bears with them: what
 * throws, comes too late or makes no sense refuses the one op for now and is logged (INT-5).
 */
export class Interceptors {
  readonly #list: readonly Interceptor[];
  readonly #logger: Logger;
  readonly #remotes = new Map<number, string>();
  readonly #present = new Map<number, Visit>();
  readonly #guests: Guests;

  constructor(list: readonly Interceptor[], logger: Logger) {
    this.#list = list;
    this.#logger = logger;
    this.#guests = new Guests(list, logger);
  }

  /** Whether any of them wants to see ops before they are judged. */
  get screensOps(): boolean {
    return this.#list.some(({ onBeforeOp }) => onBeforeOp !== undefined);
  }

  opened(id: number, remote: string): void {
    this.#remotes.set(id, remote);
  }

  /** The last word on whether a client with a good token is let in. */
  async admit(id: number, verdict: Verdict): Promise<Verdict> {
    if ('error' in verdict || this.#present.has(id)) return verdict;
    const { principal } = verdict;
    const remote = this.#remotes.get(id) ?? '';
    const visit = await this.#guests.welcome({ door: doorOf(id), id, remote, principal });
    if (visit === undefined) return { error: 'AUTH_FAILED' };
    if (this.#remotes.has(id)) this.#present.set(id, visit);
    // It went while it was judged.
    else visit.left();
    return verdict;
  }

  closed(id: number): void {
    this.#remotes.delete(id);
    const visit = this.#present.get(id);
    this.#present.delete(id);
    visit?.left();
  }

  /** What they make of an op. */
  async screen(op: Op): Promise<ScreenVerdict> {
    let seen = this.#seenOf(op);
    let isReplaced = false;
    for (const interceptor of this.#list) {
      const { onBeforeOp } = interceptor;
      if (onBeforeOp === undefined) continue;
      let decision: OpDecision;
      try {
        const asked = seen;
        decision = await inTime(interceptor, () => onBeforeOp.call(interceptor, asked));
        assertDecision(decision, seen);
      } catch (error) {
        const { clientId, session, seq } = seen;
        logFailure(this.#logger, error, interceptor, 'onBeforeOp', { clientId, session, seq });
        return FAILED;
      }
      if (decision === undefined) continue;
      if (decision.action === 'reject') {
        const { code, reason } = decision;
        return { refusal: { code, ...(reason !== undefined && { reason: short(reason) }) } };
      }
      if (decision.action === 'delay') return { later: decision.code, retryAfterMs: decision.retryAfterMs };
      const { values } = decision;
      isReplaced = true;
      seen = { ...seen, writes: seen.writes.map((write, at) => ({ ...write, value: values[at] })) };
    }
    return isReplaced ? { values: seen.writes.map(({ value }) => value) } : {};
  }

  /** Tells them of an op that is durable. */
  decided(op: Op, entry: OpEntry): void {
    let seen: InterceptedOp | undefined;
    for (const interceptor of this.#list) {
      const { onAfterOp } = interceptor;
      if (onAfterOp === undefined) continue;
      seen ??= this.#seenOf(op);
      const told = seen;
      const outcome: OpOutcome = {
        outcome: OUTCOMES[entry.outcome] ?? 'rejected',
        ...(entry.code !== undefined && { code: entry.code }),
      };
      notify(this.#logger, interceptor, 'onAfterOp', () => onAfterOp.call(interceptor, told, outcome));
    }
  }

  #seenOf(op: Op): InterceptedOp {
    const { conn, session, seq } = op;
    const principal = conn.principal ?? { sub: '', roles: [], claims: {} };
    const connection: ClientConnection = this.#present.get(conn.id)?.connection ?? {
      door: doorOf(conn.id),
      id: conn.id,
      remote: conn.remote,
      principal,
    };
    const writes = Array.from({ length: op.writeCount }, (_, at): InterceptedWrite => {
      const { code, mapIdx, key, payload: value, ttlMs } = op.writeAt(at);
      return { map: mapOf(op, mapIdx), kind: KINDS[code as 0] ?? 'PUT', key, value, ttlMs };
    });
    return { connection, clientId: session.clientId, session: session.session, seq, writes };
  }
}

/** Throws a TypeError for what is no decision about this op. */
function assertDecision(decision: OpDecision, { writes }: InterceptedOp): void {
  if (decision === undefined) return;
  const { action } = decision;
  if (action === 'reject' && FINAL.includes(decision.code)) return;
  if (action === 'delay' && PASSING.includes(decision.code)) {
    const { retryAfterMs } = decision;
    if (Number.isSafeInteger(retryAfterMs) && retryAfterMs >= 0 && retryAfterMs <= RETRY_MS_MAX) return;
  }
  if (action === 'replace' && Array.isArray(decision.values) && decision.values.length === writes.length) {
    const { values } = decision;
    const isFit = writes.every(({ kind, value }, at) => {
      const isValue = kind === 'PUT' || kind === 'OR_ADD';
      return isValue ? values[at] !== undefined && values[at] !== null : values[at] === value;
    });
    if (isFit) return;
  }
  throw new TypeError('The interceptor answered what is no decision about this op.');
}

function short(reason: string): string {
  const chars = [...String(reason)];
  return chars.slice(0, LIMITS.reasonChars).join('');
}
