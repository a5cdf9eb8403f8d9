import { LIMITS } from '@topgun/protocol';
import type { OpEntry } from '../engine/DedupTable.js';
import { mapOf, type Op } from '../engine/Op.js';
import type { Verdict } from '../engine/ports.js';
import type { ScreenVerdict } from '../engine/Screened.js';
import type { Logger } from '../utils/logger.js';
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

/** Raised within, when an interceptor's answer did not come in time. */
class TooLate extends Error {}

/**
 * Asks the interceptors of the program, one after another in the order they were given in, and bears with them: what
 * throws, comes too late or makes no sense refuses the one op for now and is logged (INT-5).
 */
export class Interceptors {
  readonly #list: readonly Interceptor[];
  readonly #logger: Logger;
  readonly #remotes = new Map<number, string>();
  readonly #present = new Map<number, ClientConnection>();

  constructor(list: readonly Interceptor[], logger: Logger) {
    this.#list = list;
    this.#logger = logger;
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
    const connection = { id, remote: this.#remotes.get(id) ?? '', principal: verdict.principal };
    const agreed: Interceptor[] = [];
    for (const interceptor of this.#list) {
      if (!(await this.#welcomes(interceptor, connection))) {
        this.#gone(agreed, connection);
        return { error: 'AUTH_FAILED' };
      }
      agreed.push(interceptor);
    }
    if (this.#remotes.has(id)) this.#present.set(id, connection);
    // It went while it was judged.
    else this.#gone(agreed, connection);
    return verdict;
  }

  closed(id: number): void {
    this.#remotes.delete(id);
    const connection = this.#present.get(id);
    this.#present.delete(id);
    if (connection !== undefined) this.#gone(this.#list, connection);
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
        this.#tell(error, interceptor, 'onBeforeOp', { clientId, session, seq });
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
      this.#notify(interceptor, 'onAfterOp', () => onAfterOp.call(interceptor, told, outcome));
    }
  }

  async #welcomes(interceptor: Interceptor, connection: ClientConnection): Promise<boolean> {
    const { onConnection } = interceptor;
    if (onConnection === undefined) return true;
    try {
      return (await inTime(interceptor, () => onConnection.call(interceptor, connection))) === true;
    } catch (error) {
      this.#tell(error, interceptor, 'onConnection', { conn: connection.id });
      return false;
    }
  }

  /** Tells those who had let it in. */
  #gone(agreed: readonly Interceptor[], connection: ClientConnection): void {
    for (const interceptor of agreed) {
      const { onDisconnect } = interceptor;
      if (onDisconnect !== undefined)
        this.#notify(interceptor, 'onDisconnect', () => onDisconnect.call(interceptor, connection));
    }
  }

  #seenOf(op: Op): InterceptedOp {
    const { conn, session, seq } = op;
    const principal = conn.principal ?? { sub: '', roles: [], claims: {} };
    const connection = this.#present.get(conn.id) ?? { id: conn.id, remote: conn.remote, principal };
    const writes = Array.from({ length: op.writeCount }, (_, at): InterceptedWrite => {
      const { code, mapIdx, key, payload: value, ttlMs } = op.writeAt(at);
      return { map: mapOf(op, mapIdx), kind: KINDS[code as 0] ?? 'PUT', key, value, ttlMs };
    });
    return { connection, clientId: session.clientId, session: session.session, seq, writes };
  }

  #notify(interceptor: Interceptor, hook: string, call: () => void | Promise<void>): void {
    inTime(interceptor, call).catch((error: unknown) => this.#tell(error, interceptor, hook, {}));
  }

  #tell(error: unknown, { name }: Interceptor, hook: string, about: object): void {
    const what = error instanceof TooLate ? 'an interceptor was too late' : 'an interceptor failed';
    this.#logger.error(
      { ...(error instanceof TooLate ? {} : { err: error }), interceptor: name, hook, ...about },
      what,
    );
  }
}

/** The answer of an interceptor. Throws what it throws, and TooLate. One that answers at once costs no timer. */
async function inTime<T>({ timeoutMs }: Interceptor, call: () => T | Promise<T>): Promise<T> {
  const answer = call();
  if (!isThenable(answer)) return answer;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      answer,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new TooLate()), timeoutMs ?? LIMITS.interceptorMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

const isThenable = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && 'then' in answer && typeof answer.then === 'function';

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
