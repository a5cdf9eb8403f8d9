import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { CLOSE_CODE, LIMITS } from '@topgun/protocol';
import type { LimitName } from '../../limits/table.js';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { SharedMessage, SubscriptionEnd } from '../../topics/ports.js';
import { limitStranger } from '../../transport/limitStranger.js';
import type { SlowLimit } from '../../transport/OutQueues.js';
import { PacedCuts } from '../../transport/PacedCuts.js';
import { refuseRequest } from '../../transport/refuseRequest.js';
import type { Handshake, UpgradeDoor } from '../../transport/Upgrades.js';
import { TimerWheel } from '../../utils/TimerWheel.js';
import { isSeat } from '../ConnectionQuota.js';
import { spreadCloses } from '../spreadCloses.js';
import { Channels, positionsOf } from './Channels.js';
import { Conversation } from './Conversation.js';
import { DoorCounts } from './DoorCounts.js';
import { doorServer } from './DoorSocket.js';
import { type Guest, type GuestJudge, guestJudge } from './guestJudge.js';
import { type Asked, handshakeOf } from './handshakeOf.js';
import { type ConnectionOwner, JsonConnection } from './JsonConnection.js';
import type { JsonDoorParts } from './JsonDoorParts.js';
import { Outgoing } from './Outgoing.js';
import { type JsonFigures, type ListedConnection, Roster } from './Roster.js';
import type { JsonErrorCode, Reply } from './serverFrames.js';
import { dueOf, nextDueMs, setToken, tokenEndOf } from './times.js';
import { tokenJudge } from './tokenJudge.js';

const TICK_MS = 250;
const SERVICE_RESTART = 1012;
const POLICY_VIOLATION = 1008;

/** The JSON WebSocket: who comes in, what is said, and when it ends. The rules are WSJ-1 to WSJ-42. */
export class JsonDoor implements UpgradeDoor, ConnectionOwner {
  readonly counts = new DoorCounts();
  readonly #parts: JsonDoorParts;
  readonly #server = doorServer();
  readonly #judge: GuestJudge;
  readonly #roster: Roster;
  readonly #out: Outgoing;
  readonly #channels: Channels;
  readonly #conversation: Conversation;
  readonly #wheel: TimerWheel<JsonConnection>;
  readonly #timer: NodeJS.Timeout;
  readonly #cuts = new PacedCuts();
  /** of the last tick: good enough for when something was last said */
  #nowMs: number;
  #onEmpty: (() => void) | undefined;
  #isDraining = false;

  constructor(parts: JsonDoorParts) {
    this.#parts = parts;
    const { limits } = parts;
    this.#nowMs = this.#monoMs();
    const judge = tokenJudge(parts);
    this.#judge = guestJudge({ ...parts, judge });
    this.#roster = new Roster(parts.config, limits);
    this.#out = new Outgoing(parts, this.counts);
    this.#channels = new Channels({
      topics: parts.topics,
      limits,
      tell: (conn, reply) => this.#out.tell(conn, reply),
      onFault: (error) => parts.logger.error({ err: error }, 'a frame of /ws failed'),
    });
    this.#conversation = new Conversation({
      judge,
      judgeGuest: this.#judge,
      out: this.#out,
      channels: this.#channels,
      users: this.#roster.users,
      limits,
      counts: this.counts,
      random: () => this.#random(),
      enter: (conn, guest, resume) => this.#enter(conn, guest, resume),
      renewed: (conn, { principal }) => this.#believe(conn, principal),
      end: (conn, code, error, message) => this.#end(conn, code, error, message),
    });
    this.#wheel = new TimerWheel({
      slots: 256,
      slotMs: TICK_MS,
      startMs: this.#nowMs,
      due: (conn, nowMs) => this.#due(conn, nowMs),
    });
    this.#timer = setInterval(() => this.tick(), TICK_MS).unref();
  }

  // --- coming in ---

  upgrade(handshake: Handshake): void {
    const asked = handshakeOf(handshake.request);
    if (asked === undefined) return this.#refuse(handshake.stream, 400);
    const { token, resume } = asked;
    if (token === 'several') return this.#refuse(handshake.stream, 401);
    void this.#judge(token, handshake.address).then((verdict) => {
      if (typeof verdict !== 'string') this.#open(handshake, verdict, resume);
      // Without a token the first frame brings it; an empty one is none that could.
      else if (verdict === 'AUTH_REQUIRED' && token === undefined) this.#open(handshake, undefined, resume);
      else this.#refuse(handshake.stream, verdict === 'UNAVAILABLE' ? 503 : 401);
    });
  }

  #refuse(stream: Duplex, status: number): void {
    if (status === 401) this.counts.authFailures++;
    this.#parts.onHandshakeRefused(status);
    refuseRequest(stream, status);
  }

  #open(
    { request, stream, head, address, seat }: Handshake,
    guest: Guest | undefined,
    resume: Asked['resume'],
  ): void {
    const { limits } = this.#parts;
    let isOpen = false;
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      isOpen = true;
      const conn = new JsonConnection(randomUUID(), address, socket, stream, this, this.#monoMs());
      socket.attach(conn);
      this.#roster.all.add(conn);
      this.counts.accepted++;
      if (guest !== undefined) {
        seat.authenticated();
        return this.#enter(conn, guest, resume);
      }
      conn.stranger = { seat, resume, held: [] };
      this.#wheel.add(conn, this.#monoMs() + LIMITS.authTimeoutMs);
      limitStranger(
        request.socket,
        () => conn.stranger === undefined,
        () => {
          limits.hit('bytesPreAuth');
          this.#cut(conn);
        },
      );
    });
    // The client had gone.
    if (!isOpen) guest?.visit.left();
  }

  #enter(conn: JsonConnection, { principal, tenant, visit }: Guest, resume: Asked['resume']): void {
    const { quota, config } = this.#parts;
    conn.visit = visit;
    const seat = quota.enter('ws', { user: principal.sub, ip: conn.remote });
    if (!isSeat(seat)) {
      const isFull = seat.status === 503;
      return this.#close(conn, POLICY_VIOLATION, isFull ? 'Server at capacity' : 'Too many connections');
    }
    const nowMs = this.#monoMs();
    conn.stranger?.seat.authenticated();
    conn.stranger = undefined;
    conn.seat = seat;
    conn.phase = 'READY';
    if (config.maxSessionMs > 0) conn.endsAtMs = nowMs + config.maxSessionMs * (1 - this.#random() / 10);
    // So that those of a crowd are spread.
    conn.pingedAtMs = nowMs - (this.#random() * config.wsHeartbeatMs) / 2;
    this.#believe(conn, principal);
    this.#roster.enter(conn, tenant);
    this.#out.tell(conn, {
      type: 'system',
      payload: {
        message: 'Connected',
        connection_id: conn.id,
        user_id: principal.sub,
        tenant_id: tenant ?? null,
      },
    });
    this.#channels.enter(conn, resume);
    if (this.#isDraining) this.#notice(conn);
  }

  /** From now on it acts for this principal, as long as the token lasts. */
  #believe(conn: JsonConnection, principal: Principal): void {
    conn.principal = principal;
    setToken(conn, this.#parts.wallMs(), this.#random());
    this.#arm(conn);
  }

  #arm(conn: JsonConnection): void {
    const { config, wallMs } = this.#parts;
    this.#wheel.add(conn, nextDueMs(conn, config, this.#monoMs(), wallMs()));
  }

  // --- what comes ---

  received(conn: JsonConnection, data: Buffer, isBinary: boolean): void {
    this.counts.framesIn++;
    this.counts.bytesIn += data.length;
    const nowMs = this.#monoMs();
    conn.heardAtMs = nowMs;
    conn.activeAtMs = nowMs;
    this.#conversation.received(conn, data, isBinary, nowMs);
  }

  // --- what topics tell ---

  deliver(conn: JsonConnection, shared: SharedMessage): void {
    const { topic, epoch, offset } = shared.message;
    const place = conn.placeOf(topic);
    if (conn.phase !== 'READY' || place === undefined) return;
    if (!this.#out.deliver(conn, shared, place.isLossy)) return;
    conn.activeAtMs = this.#nowMs;
    if (epoch === '') return;
    place.epoch = epoch;
    place.offset = offset;
  }

  lost(conn: JsonConnection, topic: string): void {
    this.#channels.lost(conn, topic);
  }

  ended(conn: JsonConnection, topic: string, why: SubscriptionEnd): void {
    this.#channels.ended(conn, topic, why);
  }

  heard(conn: JsonConnection): void {
    conn.heardAtMs = this.#monoMs();
  }

  tooLarge(): void {
    this.#parts.limits.hit('wsFrameBytes');
  }

  // --- how it ends ---

  /** Whose token is not believed any more is told, and goes (WSJ-30). */
  judgeTokens(): void {
    const security = this.#parts.security();
    const wallMs = this.#parts.wallMs();
    for (const conn of [...this.#roster.all]) {
      if (conn.phase !== 'READY') continue;
      const objection = security?.objectionTo(conn.principal, wallMs);
      if (objection === 'REVOKED') this.#conversation.refuseToken(conn, 'AUTH_FAILED');
      else if (objection === 'WITHDRAWN') {
        const endsAtMs = wallMs + LIMITS.withdrawnGraceMs;
        if (conn.tokenEndsAtWallMs !== 0 && conn.tokenEndsAtWallMs <= endsAtMs) continue;
        conn.tokenEndsAtWallMs = endsAtMs;
        conn.askAtWallMs = wallMs;
        this.#arm(conn);
      }
    }
  }

  /** Every `TICK_MS`, by itself: what is due. */
  tick(): void {
    this.#nowMs = this.#monoMs();
    this.#wheel.advance(this.#nowMs);
    this.#roster.users.sweep(this.#nowMs);
  }

  #due(conn: JsonConnection, nowMs: number): number | undefined {
    if (conn.phase === 'CLOSING') {
      this.#cuts.add(conn.out);
      return undefined;
    }
    if (conn.phase !== 'READY') {
      this.#parts.limits.hit('authTimeoutMs');
      this.#close(conn, CLOSE_CODE.TRY_LATER, 'no token in time');
      return undefined;
    }
    const { config } = this.#parts;
    const wallMs = this.#parts.wallMs();
    for (const what of dueOf(conn, config, nowMs, wallMs)) {
      switch (what) {
        case 'silent':
          this.#cut(conn);
          return undefined;
        case 'token':
          this.#end(conn, CLOSE_CODE.AUTH, 'AUTH_EXPIRED', 'The token has ended.');
          return undefined;
        case 'idle':
          this.#leave(conn, 'wsIdleMs');
          return undefined;
        case 'old':
          this.#leave(conn, 'maxSessionMs');
          return undefined;
        case 'ask': {
          conn.askAtWallMs = wallMs + LIMITS.renewEveryMs;
          const payload = { event: 'token_expiring', expires_at: tokenEndOf(conn) };
          this.#out.tell(conn, { type: 'system', payload });
          break;
        }
        case 'ping':
          conn.pingedAtMs = nowMs;
          conn.out.ping();
      }
    }
    return nextDueMs(conn, config, nowMs, wallMs);
  }

  tooSlow(conn: JsonConnection, limit: SlowLimit): void {
    if (conn.isSlow || conn.phase !== 'READY') return;
    conn.isSlow = true;
    this.counts.slowClosed++;
    this.#parts.limits.hit(limit);
    // Memory is what is short, and a close frame would not be read.
    if (limit === 'outQueuesHeapShare') return this.#cut(conn);
    // Told in the midst of a delivery, in which topics are not to be left.
    setImmediate(() => {
      const payload = { code: 'SLOW_CONSUMER', message: 'Too slow.', resume: positionsOf(conn) };
      this.#close(conn, CLOSE_CODE.TRY_LATER, 'too slow', { type: 'error', payload });
    });
  }

  gone(conn: JsonConnection, hasLeft: boolean): void {
    if (!this.#roster.leave(conn, this.#monoMs())) return;
    if (conn.phase !== 'CLOSING') this.counts.close('peer');
    conn.phase = 'GONE';
    this.#wheel.remove(conn);
    this.#parts.queues.left(conn.out);
    this.#channels.leave(conn, !hasLeft);
    conn.seat?.leave();
    conn.visit?.left();
    if (conn.user !== undefined) this.#parts.meter?.lasted(this.#monoMs() - conn.openedAtMs);
    if (this.#roster.all.size === 0) this.#onEmpty?.();
  }

  /**
   * Tells all that the server stops, closes them one after the other (WSJ-34), and resolves when they are gone, after `windowMs` at the
   * latest.
   */
  async drain(windowMs: number): Promise<void> {
    this.#isDraining = true;
    const late = performance.now() + windowMs;
    const all = [...this.#roster.all];
    for (const conn of all) if (conn.phase === 'READY') this.#notice(conn);
    await spreadCloses(all, windowMs, (conn) => this.#close(conn, SERVICE_RESTART, 'server is stopping'));
    if (this.#roster.all.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, late - performance.now());
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Cuts what is left. */
  close(): void {
    clearInterval(this.#timer);
    for (const conn of this.#roster.all) conn.out.destroy();
    this.#cuts.finish();
    this.#server.close();
  }

  // --- for operators ---

  figures(): JsonFigures {
    return Object.assign(this.#roster.figures(), this.counts);
  }

  /** Those whose user is known, at most so many, the oldest first. */
  list(limit: number): ListedConnection[] {
    return this.#roster.list(limit, this.#monoMs());
  }

  // --- ending one ---

  /** Tells why, and closes. */
  #end(conn: JsonConnection, code: number, error: JsonErrorCode, message: string): void {
    this.#close(conn, code, message, { type: 'error', payload: { code: error, message } });
  }

  /** Sends away who has been here for long; it is welcome again. */
  #leave(conn: JsonConnection, limit: LimitName): void {
    this.#parts.limits.hit(limit);
    this.#notice(conn);
    this.#close(conn, CLOSE_CODE.GOING_AWAY, 'idle, or connected for long');
  }

  #notice(conn: JsonConnection): void {
    const reconnect_in_ms = Math.floor(this.#random() * LIMITS.reconnectInMsMax);
    this.#out.tell(conn, { type: 'system', payload: { event: 'shutdown', reconnect_in_ms } });
  }

  #close(conn: JsonConnection, code: number, reason: string, last?: Reply): void {
    if (conn.phase === 'CLOSING' || conn.phase === 'GONE') return;
    conn.phase = 'CLOSING';
    this.counts.close(String(code));
    this.#channels.leave(conn, true);
    this.#out.close(conn, code, reason, last);
    // Who does not answer is cut.
    this.#wheel.add(conn, this.#monoMs() + LIMITS.closeWaitMs);
  }

  #cut(conn: JsonConnection): void {
    this.#wheel.remove(conn);
    this.#cuts.add(conn.out);
  }

  /** Whole milliseconds: numbers with a fraction would lie in memory of their own, one more for each connection that is sent a message. */
  #monoMs(): number {
    return Math.trunc(this.#parts.monoMs?.() ?? performance.now());
  }

  #random(): number {
    return this.#parts.random?.() ?? Math.random();
  }
}
