import type { Policy, Principal } from '@topgun/server/engine';
import type { Rng } from '@topgun/sim/internal/rng';
import { drawPolicies, drawPrincipal } from '../draw/drawPolicies.js';

/** Topics of every case: with a log and without one, of rooms, users, tenants, streams, for everybody. */
export const TOPICS: readonly string[] = [
  'news',
  'open:x/y',
  'room/a',
  'room/b',
  'user/ann',
  'user/bob',
  'tenant/red',
  'tenant/blue',
  'stream/1',
  'global',
  'system',
];
/** Everybody may hear it: what is said here has arrived when everything before it has. */
export const BARRIER = 'barrier';
/** Rows of these are told to addresses outside. */
export const DOOR_MAPS: readonly string[] = ['notes', 'docs:a', 'users/ann/box', 'users/bob/box'];
export const ROOMS: readonly string[] = ['room/a', 'room/b'];

const PATTERNS: readonly string[] = [
  ...TOPICS.map((name) => `topic:${name}`),
  ...ROOMS.map((room) => `topic:presence/${room}`),
  ...DOOR_MAPS,
  '**',
  'docs:*',
  'users/{sub}/*',
  'users/**',
  'topic:**',
  'topic:*',
  'topic:*/*',
  'topic:room/*',
  'topic:stream/*',
  'topic:user/*',
  'topic:user/{sub}',
  'topic:user/{userId}',
  'topic:tenant/{tenant_id}',
  'topic:tenant/{tenant_id}',
  'topic:room/{rooms}',
  'topic:presence/room/*',
  'topic:presence/**',
  'topic:mailbox/*',
];

const TENANTS: Readonly<Record<string, string>> = { ann: 'red', bob: 'red', cid: 'blue' };
/** The last is in no tenant. */
export const DOOR_PEOPLE = ['ann', 'bob', 'cid', 'eve'] as const;
/** Makes subscriptions of webhooks and fills maps; speaks as an ADMIN. */
export const DOOR_ROOT: Principal = { sub: 'root', roles: ['root', 'ADMIN'], claims: {} };

/** A random set of rights over topics and maps, in which everybody hears the barrier, and ROOT does everything. */
export const drawDoorPolicies = (rng: Rng): Policy[] => [
  { role: '*', map: `topic:${BARRIER}`, actions: ['READ'] },
  // A mask of nothing is no policy that a server takes.
  ...drawPolicies(rng, PATTERNS, rng.int(14, 30)).filter(({ fields }) => fields?.length !== 0),
];

/** Somebody of a tenant that stays, with roles and claims of one token; an ADMIN now and then. */
export function drawDoorPrincipal(rng: Rng, sub: string): Principal {
  const { roles, claims } = drawPrincipal(rng, sub);
  const tenant = TENANTS[sub];
  return {
    sub,
    roles: rng.chance(0.25) ? [...roles, 'ADMIN'] : roles,
    claims: {
      ...claims,
      ...(tenant !== undefined && { tenant_id: tenant }),
      ...(rng.chance(0.4) && { rooms: ['a', 'b'].filter(() => rng.chance(0.6)) }),
    },
  };
}
