import type { Kind } from '@topgun/protocol';
import type { Principal } from '@topgun/server/engine';

/** A map of every case, and what kind of rows it holds. */
export interface WorldMap {
  readonly name: string;
  readonly kind: Kind;
}

/** Maps of last write wins; on those of `judged:` a resolver decides, and memory alone keeps `fleet`. */
const PLAIN = ['notes', 'docs:a', 'docs:b', 'users/ann/box', 'users/bob/box', 'fleet'];
const JUDGED = ['judged:merge', 'judged:version', 'judged:owner'];

export const MAPS: readonly WorldMap[] = [
  ...[...PLAIN, ...JUDGED].map((name) => ({ name, kind: 'LWW' as const })),
  { name: 'tags', kind: 'OR' },
  { name: 'counts', kind: 'PN' },
];
export const LWW_MAPS: readonly string[] = [...PLAIN, ...JUDGED];
/** Transactions write to these. */
export const JOINT_MAPS: readonly string[] = ['notes', 'docs:a'];
export const VOLATILE = 'fleet';
export const RULES = [
  { map: 'judged:merge', resolver: 'DEEP_MERGE' },
  { map: 'judged:version', resolver: 'VERSION_INCREMENT' },
  { map: 'judged:owner', resolver: 'OWNER_ONLY' },
] as const;
export const TOPICS: readonly string[] = ['news', 'room:a', 'room:b', 'users/ann'];

/** Top-level fields of rows: policies look at the first ones, the others hold canaries. */
export const FIELDS = [
  'owner',
  'team',
  'rank',
  'public',
  'meta',
  'title',
  'secret',
  'list',
  'pin',
  'version',
] as const;
/** Fields by which rows can be put in order; `pin` is hidden by many masks. */
export const SORTABLE = ['rank', 'team', 'pin', 'title'] as const;

export const ROLES = ['user', 'staff', 'auditor'] as const;
export const TEAMS = ['red', 'blue', 'grey'] as const;

/** Whoever may do everything, and fills the maps. */
export const ROOT: Principal = { sub: 'root', roles: ['root'], claims: {} };

/** The people of every case; their roles and claims are drawn, and drawn again when they renew their tokens. */
export const PEOPLE = ['ann', 'bob', 'cid', 'dee', 'eve'] as const;
/** Belongs to nobody's role, and asks for what is not hers. */
export const EVE = 'eve';
