import type { PredicateNode } from '@topgun/core';

export const ACTIONS = ['READ', 'PUT', 'REMOVE'] as const;
export type Action = (typeof ACTIONS)[number];

/** A right, as data. What no policy allows is denied. */
export interface Policy {
  /** role the principal must have; '*' = every authenticated principal */
  readonly role: string;
  /**
   * Map pattern, compared by segments between ':' or '/': `*` is one segment, a trailing `**` the rest, `{sub}` the
   * principal's subject. Topics are maps named `topic:<name>`.
   */
  readonly map: string;
  readonly actions: readonly Action[];
  /** row predicate, may use `$auth`; a write must meet it with the row before and the row after */
  readonly where?: PredicateNode;
  /** top-level fields that may be read or put; absent = all. A masked policy never allows REMOVE. */
  readonly fields?: readonly string[];
}

/** Who is on the other end of a socket. `$auth` in predicates holds the claims, `sub` and `roles`. */
export interface Principal {
  readonly sub: string;
  readonly roles: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  /** ms since the epoch; absent = never */
  readonly expiresAtMs?: number;
  /** which key its token was signed with, as the key ring names it */
  readonly keyId?: string;
}
