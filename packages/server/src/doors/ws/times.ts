import { LIMITS } from '@topgun/protocol';
import { timesOf } from '../../engine/TokenTimes.js';
import type { JsonConnection } from './JsonConnection.js';

export interface LifeSettings {
  readonly wsHeartbeatMs: number;
  readonly wsIdleMs: number;
}

/** What is due of a connection; those that end it come first. */
export type Due = 'silent' | 'token' | 'old' | 'idle' | 'ask' | 'ping';

/** Silent for so many heartbeats: gone, without a word. */
const SILENT_HEARTBEATS = 2;

/** The end of a token, and when its holder is asked for another one; `random` is between 0 and 1. */
export function setToken(conn: JsonConnection, wallMs: number, random: number): void {
  const limits = { renewLeadMs: LIMITS.renewLeadMs, authGraceMs: 0 };
  const times = timesOf(conn.principal, wallMs, limits, () => Math.floor(random * 2 ** 32));
  conn.askAtWallMs = times?.askAtMs ?? 0;
  conn.tokenEndsAtWallMs = times?.endsAtMs ?? 0;
}

/** When its token ends, ISO 8601; null for never. */
export const tokenEndOf = ({ tokenEndsAtWallMs }: JsonConnection): string | null =>
  tokenEndsAtWallMs === 0 ? null : new Date(tokenEndsAtWallMs).toISOString();

/** What is due of a connection that is READY. `nowMs` is of the clock that does not go back, `wallMs` that of tokens. */
export function dueOf(
  conn: JsonConnection,
  settings: LifeSettings,
  nowMs: number,
  wallMs: number,
): readonly Due[] {
  return times(conn, settings, nowMs, wallMs).flatMap(([what, atMs]) => (atMs <= nowMs ? [what] : []));
}

/** When something is due of it. */
export function nextDueMs(
  conn: JsonConnection,
  settings: LifeSettings,
  nowMs: number,
  wallMs: number,
): number {
  return Math.min(...times(conn, settings, nowMs, wallMs).map(([, atMs]) => atMs));
}

function times(
  conn: JsonConnection,
  { wsHeartbeatMs, wsIdleMs }: LifeSettings,
  nowMs: number,
  wallMs: number,
): readonly (readonly [Due, atMs: number])[] {
  const never = Number.POSITIVE_INFINITY;
  const onWall = (atMs: number): number => (atMs === 0 ? never : nowMs + atMs - wallMs);
  return [
    ['silent', conn.heardAtMs + SILENT_HEARTBEATS * wsHeartbeatMs],
    ['token', onWall(conn.tokenEndsAtWallMs)],
    ['old', conn.endsAtMs === 0 ? never : conn.endsAtMs],
    ['idle', wsIdleMs === 0 ? never : conn.activeAtMs + wsIdleMs],
    ['ask', onWall(conn.askAtWallMs)],
    ['ping', conn.pingedAtMs + wsHeartbeatMs],
  ];
}
