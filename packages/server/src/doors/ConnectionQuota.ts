import { LIMITS } from '@topgun/protocol';
import type { ServerConfig } from '../config/schema.js';
import type { LimitCounts } from '../limits/LimitCounts.js';
import type { LimitName } from '../limits/table.js';
import { addressKey } from '../security/addresses.js';
import { HttpRefusal } from './Route.js';

/** Doors that hold connections open; each has places of its own. */
export type Door = 'sse' | 'bridge' | 'ws';

/** Who comes: the subject of the token, if there is one, and the address as seen through proxies. */
export interface Comer {
  readonly user?: string | undefined;
  readonly ip: string;
}

/** Why somebody has no place. */
export interface Refusal {
  readonly status: 429 | 503;
  readonly code: 'LIMIT' | 'UNAVAILABLE';
  readonly retryAfterMs: number;
}

/** The place of one connection. */
export interface Seat {
  /** It is free again; once more changes nothing. */
  leave(): void;
}

/** What a door has open on this node. */
export interface DoorFigures {
  readonly active: number;
  readonly users: number;
  readonly addresses: number;
  /** the most that one address has open now */
  readonly perAddressPeak: number;
  readonly max: number;
}

export type QuotaSettings = Pick<
  ServerConfig,
  | 'sseConnectionsMax'
  | 'sseConnectionsPerUserMax'
  | 'sseConnectionsPerIpMax'
  | 'bridgeConnectionsMax'
  | 'bridgeConnectionsPerIpMax'
  | 'wsConnectionsMax'
  | 'wsConnectionsPerUserMax'
  | 'wsConnectionsPerIpMax'
>;

interface Bound {
  readonly max: number;
  readonly name: LimitName;
}

interface DoorLimits {
  readonly total: Bound;
  readonly perUser?: Bound;
  readonly perIp: Bound;
}

/** Of how many connections each user and each address has a place, at one door. */
class Room {
  readonly limits: DoorLimits;
  readonly users = new Map<string, number>();
  readonly addresses = new Map<string, number>();
  taken = 0;

  constructor(limits: DoorLimits) {
    this.limits = limits;
  }

  /** The limit that leaves no place. */
  full(user: string | undefined, address: string): LimitName | undefined {
    const { total, perUser, perIp } = this.limits;
    if (perUser !== undefined && user !== undefined && (this.users.get(user) ?? 0) >= perUser.max)
      return perUser.name;
    if ((this.addresses.get(address) ?? 0) >= perIp.max) return perIp.name;
    return this.taken >= total.max ? total.name : undefined;
  }

  add(user: string | undefined, address: string, by: 1 | -1): void {
    this.taken += by;
    if (user !== undefined) change(this.users, user, by);
    change(this.addresses, address, by);
  }
}

/** One object for each connection that is open: no closures. */
class TakenSeat implements Seat {
  #room: Room | undefined;
  readonly #user: string | undefined;
  readonly #address: string;

  constructor(room: Room, user: string | undefined, address: string) {
    this.#room = room;
    this.#user = user;
    this.#address = address;
    room.add(user, address, 1);
  }

  leave(): void {
    this.#room?.add(this.#user, this.#address, -1);
    this.#room = undefined;
  }
}

/** How many connections the doors of this node hold open: of a user, from an address, and in all (SSE-40). */
export class ConnectionQuota {
  readonly #counts: LimitCounts;
  readonly #rooms: Readonly<Record<Door, Room>>;

  constructor(settings: QuotaSettings, counts: LimitCounts) {
    this.#counts = counts;
    this.#rooms = {
      sse: new Room({
        total: { max: settings.sseConnectionsMax, name: 'sseConnections' },
        perUser: { max: settings.sseConnectionsPerUserMax, name: 'sseConnectionsPerPrincipal' },
        perIp: { max: settings.sseConnectionsPerIpMax, name: 'sseConnectionsPerIp' },
      }),
      bridge: new Room({
        total: { max: settings.bridgeConnectionsMax, name: 'bridgeConnections' },
        perIp: { max: settings.bridgeConnectionsPerIpMax, name: 'bridgeConnectionsPerIp' },
      }),
      ws: new Room({
        total: { max: settings.wsConnectionsMax, name: 'wsConnections' },
        perUser: { max: settings.wsConnectionsPerUserMax, name: 'wsConnectionsPerPrincipal' },
        perIp: { max: settings.wsConnectionsPerIpMax, name: 'wsConnectionsPerIp' },
      }),
    };
  }

  /** A place that is the comer's until it leaves, or why there is none. Nothing is kept of who is refused. */
  enter(door: Door, { user, ip }: Comer): Seat | Refusal {
    const room = this.#rooms[door];
    const address = addressKey(ip);
    const limit = room.full(user, address);
    if (limit === undefined) return new TakenSeat(room, user, address);
    this.#counts.hit(limit);
    const retryAfterMs = LIMITS.placeRetryMs;
    return limit === room.limits.total.name
      ? { status: 503, code: 'UNAVAILABLE', retryAfterMs }
      : { status: 429, code: 'LIMIT', retryAfterMs };
  }

  stats(door: Door): DoorFigures {
    const { taken, users, addresses, limits } = this.#rooms[door];
    let perAddressPeak = 0;
    for (const open of addresses.values()) perAddressPeak = Math.max(perAddressPeak, open);
    return {
      active: taken,
      users: users.size,
      addresses: addresses.size,
      perAddressPeak,
      max: limits.total.max,
    };
  }
}

export const isSeat = (entered: Seat | Refusal): entered is Seat => 'leave' in entered;

/** The answer over HTTP to who found no place. */
export function noPlace({ status, code, retryAfterMs }: Refusal): HttpRefusal {
  return new HttpRefusal(status, { code, retryAfterMs }, retryAfter(retryAfterMs));
}

export function retryAfter(ms: number): { 'Retry-After': string } {
  return { 'Retry-After': String(Math.ceil(ms / 1000)) };
}

function change(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
