import type { LimitCounts } from '../../limits/LimitCounts.js';
import type { DoorCounts } from './DoorCounts.js';
import type { JsonConnection } from './JsonConnection.js';
import { type SpeakingRates, Users } from './Users.js';

/** One connection as operators see it. */
export interface ListedConnection {
  readonly id: string;
  readonly user: string;
  readonly tenant: string | null;
  readonly remote: string;
  readonly topics: readonly string[];
  readonly openMs: number;
  /** since it said something, or was sent a message */
  readonly idleMs: number;
  readonly unsentBytes: number;
}

export interface RosterFigures {
  readonly connections: number;
  readonly users: number;
  readonly tenants: number;
  /** topics joined, of all connections together */
  readonly joined: number;
  readonly unsentBytes: number;
}

/** All that is measured of the door. */
export interface JsonFigures extends RosterFigures, Readonly<Omit<DoorCounts, 'close'>> {}

/** Who is connected. */
export class Roster {
  readonly all = new Set<JsonConnection>();
  readonly users: Users;
  readonly #tenants = new Map<string, number>();

  constructor(rates: SpeakingRates, limits: LimitCounts) {
    this.users = new Users(rates, limits);
  }

  /** It is known who it is. */
  enter(conn: JsonConnection, tenant: string | undefined): void {
    conn.tenant = tenant;
    conn.user = this.users.enter(conn.principal.sub);
    if (tenant !== undefined) this.#tenants.set(tenant, (this.#tenants.get(tenant) ?? 0) + 1);
  }

  /** False where it has left already. */
  leave(conn: JsonConnection, nowMs: number): boolean {
    if (!this.all.delete(conn)) return false;
    if (conn.user !== undefined) this.users.leave(conn.user, nowMs);
    if (conn.user === undefined || conn.tenant === undefined) return true;
    const left = (this.#tenants.get(conn.tenant) ?? 0) - 1;
    if (left > 0) this.#tenants.set(conn.tenant, left);
    else this.#tenants.delete(conn.tenant);
    return true;
  }

  figures(): RosterFigures {
    let joined = 0;
    let unsentBytes = 0;
    for (const { places, out } of this.all) {
      joined += places.size;
      unsentBytes += out.unsentBytes;
    }
    const { size: connections } = this.all;
    return { connections, users: this.users.connected, tenants: this.#tenants.size, joined, unsentBytes };
  }

  /** Those whose user is known, at most so many, the oldest first. */
  list(limit: number, nowMs: number): ListedConnection[] {
    const listed: ListedConnection[] = [];
    for (const conn of this.all) {
      if (listed.length >= limit) break;
      if (conn.user === undefined) continue;
      listed.push({
        id: conn.id,
        user: conn.user.sub,
        tenant: conn.tenant ?? null,
        remote: conn.remote,
        topics: [...conn.places.keys()],
        openMs: Math.round(nowMs - conn.openedAtMs),
        idleMs: Math.round(nowMs - conn.activeAtMs),
        unsentBytes: conn.out.unsentBytes,
      });
    }
    return listed;
  }
}
