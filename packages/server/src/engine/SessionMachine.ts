import {
  type AuthMessage,
  CLOSE_CODE,
  type CloseCode,
  type ErrorCode,
  LIMITS,
  negotiate,
} from '@topgun/protocol';
import type { Principal } from '../security/policy/Policy.js';
import type { Connection } from './Connection.js';
import { isForwarded } from './cluster/forwardedItems.js';
import type { EngineLimits } from './EngineLimits.js';
import { errorMessage } from './errorMessage.js';
import { outlived } from './outlived.js';
import type { Objection, ServerEffects, Verdict } from './ports.js';
import type { StoreLife } from './Rebirth.js';
import type { Tally } from './Tally.js';
import { timesOf, withdrawnTimes } from './TokenTimes.js';

/** A timer of Node can wait no longer than this. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface SessionParts {
  readonly effects: ServerEffects;
  readonly limits: EngineLimits;
  readonly life: StoreLife;
  readonly tally: Tally;
  /** 32 random bits per call: spreads reconnects */
  readonly random: () => number;
}

export interface SessionPorts {
  /** The subject a client is bound to, durable or staged; undefined for one that is not known. */
  boundTo(clientId: string): string | undefined;
  seen(clientId: string, sub: string, now: number): void;
  /** Somebody speaks for a session, or says that it is over. False: no more can be remembered of its kind. */
  declared(clientId: string, session: string, now: number): boolean;
  ended(clientId: string, session: string, now: number): void;
  /** Whether the principal may have one more connection; then it is counted (LMT-6). */
  hasRoom(conn: Connection, principal: Principal): boolean;
  /** How many scopes, queries and topics a connection has open. */
  follows(conn: Connection): number;
  /** The principal of a connection is another one: rights, views and subscriptions follow. */
  principalChanged(conn: Connection): void;
  /** The connection is gone and must leave everything it was part of. */
  gone(conn: Connection): void;
}

/**
 * Who is on a socket, and how long: STRANGER → VERIFYING → READY → CLOSED.
 *
 * A stranger may send one AUTH and little else, and touches no state but counters (S4). A token is checked outside;
 * AUTH on a READY socket renews it for the same client and subject. A session ends with its token, after a grace in
 * which it can be renewed.
 */
export class SessionMachine {
  readonly #parts: SessionParts;
  readonly #ports: SessionPorts;

  constructor(parts: SessionParts, ports: SessionPorts) {
    this.#parts = parts;
    this.#ports = ports;
  }

  opened(conn: Connection): void {
    this.#arm(conn, 'auth', this.#parts.limits.authTimeoutMs);
  }

  /** Whether a stranger may send this frame; if not, the connection is over. */
  admits(conn: Connection, type: string): boolean {
    if (conn.phase === 'READY') return true;
    conn.frames++;
    const isFree = type === 'AUTH' || (type === 'PING' && conn.phase === 'VERIFYING');
    if (isFree && conn.frames <= this.#parts.limits.preAuthFrames) return true;
    if (isFree) this.#parts.tally.hit('preAuthFrames');
    this.fail(conn, 'AUTH_REQUIRED', CLOSE_CODE.AUTH);
    return false;
  }

  auth(conn: Connection, message: AuthMessage): void {
    if (conn.claim !== undefined) {
      conn.nextAuth = message;
      return;
    }
    const { versions, clientId, sessions, token, incarnation } = message;
    if (conn.phase === 'READY' && clientId !== conn.clientId)
      return this.#close(conn, CLOSE_CODE.OTHER_SUBJECT);
    const version = negotiate(versions);
    if (version === undefined) return this.fail(conn, 'VERSION', CLOSE_CODE.VERSION);
    conn.claim = { clientId, sessions, version, incarnation };
    if (conn.phase === 'STRANGER') conn.phase = 'VERIFYING';
    this.#parts.effects.verify(conn.id, token);
  }

  verified(conn: Connection, verdict: Verdict, now: number): void {
    const { claim } = conn;
    if (claim === undefined) return;
    conn.claim = undefined;
    if ('error' in verdict) {
      // Without the keys nobody knows whether the token is good.
      const isOpen = verdict.error === 'UNAVAILABLE';
      return this.fail(conn, verdict.error, isOpen ? CLOSE_CODE.TRY_LATER : CLOSE_CODE.AUTH);
    }
    const { principal } = verdict;
    if (principal.expiresAtMs !== undefined && principal.expiresAtMs <= now) {
      return this.fail(conn, 'AUTH_EXPIRED', CLOSE_CODE.AUTH);
    }
    const bound = this.#ports.boundTo(claim.clientId);
    if (bound !== undefined && bound !== principal.sub) return this.#close(conn, CLOSE_CODE.OTHER_SUBJECT);
    // It names this very store, which has answered it before: it was here, and was forgotten.
    if (bound === undefined && claim.incarnation === this.#parts.life.incarnation)
      return this.fail(conn, 'UNKNOWN_CLIENT', CLOSE_CODE.TRY_LATER);
    if (conn.phase !== 'READY' && !this.#ports.hasRoom(conn, principal))
      return this.fail(conn, 'LIMIT', CLOSE_CODE.TRY_LATER);
    this.#ports.seen(claim.clientId, principal.sub, verdict.seenMs ?? now);
    this.#enter(conn, claim, principal, now);
    const next = conn.nextAuth;
    conn.nextAuth = undefined;
    if (next !== undefined) this.auth(conn, next);
  }

  /** More sessions the connection speaks for. */
  declare(conn: Connection, sessions: readonly string[], now: number): void {
    for (const session of sessions) {
      if (conn.sessions.has(session)) continue;
      if (conn.sessions.size >= LIMITS.sessionsPerConnection) {
        this.#parts.tally.hit('sessionsPerConnection');
        this.#parts.effects.send(conn.id, errorMessage('LIMIT', { ref: session }));
        return;
      }
      if (!this.#ports.declared(conn.clientId, session, now) && !isForwarded(conn.id)) {
        this.#parts.tally.hit('requestKeys');
        this.#parts.effects.send(conn.id, errorMessage('LIMIT', { ref: session }));
        return;
      }
      conn.sessions.add(session);
    }
  }

  /** The realm is gone and settled: the connection does not speak for it any more, and in time nobody remembers it. */
  end(conn: Connection, session: string, now: number): void {
    if (conn.sessions.delete(session)) this.#ports.ended(conn.clientId, session, now);
  }

  /** A frame that could not be read: the end, or one more of the messages that are borne with. */
  refused(conn: Connection, code: ErrorCode, path: string | undefined, now: number): void {
    conn.seenAtMs = now;
    if (code === 'BAD_FRAME') return this.fail(conn, code, CLOSE_CODE.BAD_FRAME);
    if (conn.phase !== 'READY') return this.fail(conn, 'AUTH_REQUIRED', CLOSE_CODE.AUTH);
    const { tally, effects } = this.#parts;
    tally.refuse(code);
    effects.send(
      conn.id,
      errorMessage(code, path === undefined ? {} : { path: path.slice(0, LIMITS.errorPathChars) }),
    );
    this.#strike(conn, now);
  }

  /** Counts a refused message; too many of them end the connection. */
  #strike(conn: Connection, now: number): void {
    conn.strikes = conn.strikes.filter((at) => at > now - LIMITS.strikeWindowMs);
    conn.strikes.push(now);
    if (conn.strikes.length < LIMITS.strikes) return;
    this.#parts.tally.hit('strikes');
    this.#close(conn, CLOSE_CODE.STRIKES);
  }

  timer(conn: Connection, kind: string, now: number): void {
    if (kind === 'auth' && conn.phase !== 'READY') {
      // Its AUTH may be on its way, over a bad line or to a slow key server: that is no reason to give up for good.
      this.#parts.tally.refuse('AUTH_REQUIRED');
      this.#parts.tally.hit('authTimeoutMs');
      this.#close(conn, CLOSE_CODE.TRY_LATER);
    }
    if (kind !== 'token' || conn.phase !== 'READY') return;
    const { token } = conn;
    if (token === undefined) return;
    if (now >= token.closesAtMs) return this.#close(conn, CLOSE_CODE.AUTH);
    if (now < token.askAtMs) return this.#arm(conn, 'token', token.askAtMs - now);
    this.#parts.effects.send(conn.id, errorMessage('AUTH_EXPIRED', { retryAfterMs: 0 }));
    const { renewEveryMs } = this.#parts.limits;
    this.#arm(conn, 'token', Math.min(renewEveryMs, token.closesAtMs - now));
  }

  /** The outside believes other tokens than before: sessions of revoked ones end, those whose key was withdrawn may renew theirs. */
  judge(
    connections: Iterable<Connection>,
    objectionTo: (principal: Principal) => Objection,
    now: number,
  ): void {
    for (const conn of connections) {
      if (conn.phase !== 'READY' || conn.principal === undefined) continue;
      const objection = objectionTo(conn.principal);
      if (objection === 'REVOKED') this.fail(conn, 'AUTH_FAILED', CLOSE_CODE.AUTH);
      else if (objection === 'WITHDRAWN') {
        const times = withdrawnTimes(now, this.#parts.limits.withdrawnGraceMs);
        if (conn.token !== undefined && conn.token.closesAtMs <= times.closesAtMs) continue;
        conn.token = times;
        this.timer(conn, 'token', now);
      }
    }
  }

  /** Ends connections that have been silent, or idle, or there at all for too long. */
  sweep(connections: Iterable<Connection>, now: number): void {
    for (const conn of connections) {
      const limit = outlived(conn, this.#parts.limits, now, () => this.#ports.follows(conn) > 0);
      if (limit === undefined) continue;
      this.#parts.tally.hit(limit);
      if (limit !== 'deadMs') this.sendAway(conn);
      this.#close(conn, CLOSE_CODE.GOING_AWAY);
    }
  }

  /** Asks a client to connect again after a pause of its own, so that not all come at once. */
  sendAway(conn: Connection, pauseMs = 0): void {
    const { effects, limits, random } = this.#parts;
    const reconnectInMs = Math.floor(pauseMs + (random() / 2 ** 32) * (pauseMs || limits.reconnectInMsMax));
    effects.send(conn.id, { type: 'SHUTDOWN', reconnectInMs });
  }

  /** Ends a connection that goes on in spite of RATE; it is told to stay away for a while (LMT-5). */
  abused(conn: Connection): void {
    this.sendAway(conn, LIMITS.rateBanMs);
    this.#close(conn, CLOSE_CODE.RATE);
  }

  /** Says why, then ends the connection. */
  fail(conn: Connection, code: ErrorCode, close: CloseCode): void {
    this.#parts.tally.refuse(code);
    this.#parts.effects.send(conn.id, errorMessage(code));
    this.#close(conn, close);
  }

  failAll(connections: readonly Connection[], code: ErrorCode, close: CloseCode): void {
    for (const conn of connections) this.fail(conn, code, close);
  }

  /** A client belongs to another subject, as another node has found before this one did (CLU-25). */
  rebound(connections: readonly Connection[], clientId: string, sub: string): void {
    for (const conn of connections)
      if (conn.clientId === clientId && conn.principal?.sub !== sub)
        this.#close(conn, CLOSE_CODE.OTHER_SUBJECT);
  }

  /** The socket is gone, whoever ended it. `hasLeft`: its client did, and wanted to. */
  left(conn: Connection, hasLeft = false): void {
    if (conn.phase === 'CLOSED') return;
    conn.hasLeft = hasLeft;
    conn.phase = 'CLOSED';
    this.#parts.effects.cancel(`auth ${conn.id}`);
    this.#parts.effects.cancel(`token ${conn.id}`);
    this.#ports.gone(conn);
  }

  #enter(conn: Connection, claim: NonNullable<Connection['claim']>, principal: Principal, now: number): void {
    const { effects, limits, life } = this.#parts;
    const isFirst = conn.phase !== 'READY';
    conn.phase = 'READY';
    conn.clientId = claim.clientId;
    conn.principal = principal;
    if (isFirst) effects.cancel(`auth ${conn.id}`);
    this.#followToken(conn, principal, now);
    this.declare(conn, claim.sessions, now);
    effects.send(conn.id, {
      type: 'AUTH_ACK',
      version: claim.version,
      serverTime: now,
      incarnation: life.incarnation,
      userId: principal.sub,
      heartbeatMs: limits.heartbeatMs,
      limits: { opsPerFrame: LIMITS.opsPerFrame, frameBytes: LIMITS.frameBytes, seqWindow: limits.seqWindow },
    });
    if (!isFirst) this.#ports.principalChanged(conn);
  }

  #followToken(conn: Connection, principal: Principal, now: number): void {
    const { effects, limits, random } = this.#parts;
    const times = timesOf(principal, now, limits, random);
    // The same token once more: its holder has been asked, and is asked again in time.
    if (times !== undefined && times.closesAtMs === conn.token?.closesAtMs) return;
    conn.token = times;
    effects.cancel(`token ${conn.id}`);
    if (times !== undefined) this.#arm(conn, 'token', times.askAtMs - now);
  }

  #arm(conn: Connection, kind: string, delayMs: number): void {
    this.#parts.effects.arm(`${kind} ${conn.id}`, Math.min(delayMs, TIMER_MS_MAX));
  }

  #close(conn: Connection, code: CloseCode): void {
    if (conn.phase === 'CLOSED') return;
    this.left(conn);
    this.#parts.effects.close(conn.id, code, REASONS[code] ?? '');
  }
}

const REASONS: Readonly<Partial<Record<CloseCode, string>>> = {
  [CLOSE_CODE.GOING_AWAY]: 'silent, idle, or connected for long',
  [CLOSE_CODE.RATE]: 'goes on in spite of RATE',
  [CLOSE_CODE.AUTH]: 'no valid token',
  [CLOSE_CODE.OTHER_SUBJECT]: 'the clientId belongs to another subject',
  [CLOSE_CODE.STRIKES]: 'too many refused messages',
  [CLOSE_CODE.VERSION]: 'no common protocol version',
  [CLOSE_CODE.BAD_FRAME]: 'a frame broke the wire profile',
};
