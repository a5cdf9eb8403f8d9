import { CLOSE_CODE, LIMITS } from '@topgun/protocol';
import type { LimitCounts } from '../../limits/LimitCounts.js';
import type { Position } from '../../topics/ports.js';
import type { Admitted } from './admitToken.js';
import type { Channels } from './Channels.js';
import { type ClientFrame, readFrame } from './clientFrames.js';
import type { DoorCounts } from './DoorCounts.js';
import type { Guest, GuestJudge } from './guestJudge.js';
import type { JsonConnection } from './JsonConnection.js';
import type { Outgoing } from './Outgoing.js';
import type { JsonErrorCode } from './serverFrames.js';
import { tokenEndOf } from './times.js';
import type { TokenJudge, TokenRefusal } from './tokenJudge.js';
import type { Users } from './Users.js';

export interface ConversationParts {
  readonly judge: TokenJudge;
  readonly judgeGuest: GuestJudge;
  readonly out: Outgoing;
  readonly channels: Channels;
  readonly users: Users;
  readonly limits: Pick<LimitCounts, 'hit'>;
  readonly counts: DoorCounts;
  readonly random: () => number;
  /** lets a stranger in */
  readonly enter: (conn: JsonConnection, guest: Guest, resume: ReadonlyMap<string, Position>) => void;
  /** the same user with another token */
  readonly renewed: (conn: JsonConnection, admitted: Admitted) => void;
  /** tells why, and closes */
  readonly end: (conn: JsonConnection, code: number, error: JsonErrorCode, message: string) => void;
}

/** What a client says: who it is, and then anything else (WSJ-4, WSJ-20 to WSJ-32). */
export class Conversation {
  readonly #parts: ConversationParts;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  received(conn: JsonConnection, data: Buffer, isBinary: boolean, nowMs: number): void {
    if (conn.phase === 'STRANGER') this.#firstFrame(conn, data, isBinary, nowMs);
    else if (conn.phase === 'VERIFYING') conn.stranger?.held.push([data, isBinary]);
    else if (conn.phase === 'READY' && this.#mayGoOn(conn, data.length, nowMs))
      this.#read(conn, data, isBinary);
  }

  /** A token that is good no more, or never was. */
  refuseToken(conn: JsonConnection, verdict: TokenRefusal): void {
    const { counts, end } = this.#parts;
    if (verdict === 'UNAVAILABLE')
      return end(conn, CLOSE_CODE.TRY_LATER, verdict, 'The token cannot be checked now.');
    counts.authFailures++;
    end(conn, CLOSE_CODE.AUTH, 'AUTH_FAILED', 'The token is not accepted.');
  }

  /** Says who it is, or goes. */
  #firstFrame(conn: JsonConnection, data: Buffer, isBinary: boolean, nowMs: number): void {
    const { judgeGuest, end, enter } = this.#parts;
    const { stranger } = conn;
    const frame = readFrame(data, isBinary);
    if (stranger === undefined || 'code' in frame || frame.type !== 'auth')
      return end(conn, CLOSE_CODE.AUTH, 'AUTH_REQUIRED', 'The first frame is auth with a token.');
    conn.phase = 'VERIFYING';
    const { token, resume = {} } = frame.payload;
    void judgeGuest(token, conn.remote).then((verdict) => {
      const isHere = conn.phase === 'VERIFYING';
      if (typeof verdict === 'string') return isHere ? this.refuseToken(conn, verdict) : undefined;
      if (!isHere) return verdict.visit.left();
      enter(conn, verdict, new Map([...stranger.resume, ...Object.entries(resume)]));
      for (const [more, binary] of stranger.held) this.received(conn, more, binary, nowMs);
    });
  }

  #read(conn: JsonConnection, data: Buffer, isBinary: boolean): void {
    const frame = readFrame(data, isBinary);
    if (!('code' in frame)) return this.#handle(conn, frame);
    const { code, message, reply_to } = frame;
    this.#parts.out.tell(conn, { type: 'error', payload: { code, message }, reply_to });
  }

  #handle(conn: JsonConnection, frame: ClientFrame): void {
    const { out, channels } = this.#parts;
    switch (frame.type) {
      case 'auth':
        return this.#renew(conn, frame.payload.token, frame.message_id);
      case 'ping':
        return out.tell(conn, { type: 'pong', payload: frame.payload ?? null, reply_to: frame.message_id });
      case 'subscribe':
        return channels.subscribe(conn, frame);
      case 'unsubscribe':
        return channels.unsubscribe(conn, frame);
      case 'history':
        return channels.history(conn, frame);
      default:
        return channels.say(conn, frame);
    }
  }

  #renew(conn: JsonConnection, token: string, reply_to: string | undefined): void {
    const { judge, out, channels, renewed } = this.#parts;
    void judge(token).then((verdict) => {
      if (conn.phase !== 'READY') return;
      if (verdict === 'UNAVAILABLE') {
        // The old one is good for as long as it was.
        const payload = { code: verdict, message: 'The token cannot be checked now.' };
        return out.tell(conn, { type: 'error', payload, reply_to });
      }
      if (
        typeof verdict === 'string' ||
        verdict.principal.sub !== conn.principal.sub ||
        verdict.tenant !== conn.tenant
      )
        return this.refuseToken(conn, 'AUTH_FAILED');
      renewed(conn, verdict);
      channels.review(conn);
      const payload = { event: 'token_renewed', expires_at: tokenEndOf(conn) };
      out.tell(conn, { type: 'system', payload, reply_to });
    });
  }

  /** Whether the rates let it through; who goes on regardless is closed. */
  #mayGoOn(conn: JsonConnection, bytes: number, nowMs: number): boolean {
    const { users, limits, out, end, random } = this.#parts;
    if (conn.user === undefined) return false;
    const waitMs = users.take(conn, conn.user, bytes, nowMs);
    if (waitMs === 0) return true;
    if (nowMs - conn.strikesSinceMs > LIMITS.strikeWindowMs) {
      conn.strikes = 0;
      conn.strikesSinceMs = nowMs;
    }
    if (++conn.strikes > LIMITS.rateStrikes) {
      limits.hit('rateStrikes');
      end(conn, CLOSE_CODE.RATE, 'RATE', 'Too many frames for too long.');
      return false;
    }
    // Longer by chance, so that not all come back at once.
    const retry_after_ms = Math.ceil(waitMs * (1 + random() / 4));
    const payload = { code: 'RATE', message: 'Too many frames a second.', retry_after_ms };
    out.tell(conn, { type: 'error', payload });
    return false;
  }
}
