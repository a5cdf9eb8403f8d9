import type { PredicateNode } from '@topgun/core';

export const ACTIONS = ['READ', 'PUT', 'REMOVE'] as const;
export type Action = (typeof ACTIONS)[number];

/** A right, as data. What no policy allows is denied. */
export interface Policy {
  /** what people call it in tests and in what operators are told; no meaning of its own */
  readonly name?: string;
  /** role the principal must have; '*' = every authenticated principal */
  readonly role: string;
  /**
   * Map pattern, compared by segments between ':' or '/': `*` is one segment, a trailing `**` the rest, `{sub}` or
   * `{userId}` the principal's subject, `{claim}` any other claim. Topics are maps named `topic:<name>`.
   */
  readonly map: string;
  readonly actions: readonly Action[];
  /** row predicate, may use `$auth`; a write must meet it with the row before and the row after */
  readonly where?: PredicateNode;
  /**
   * top-level fields that may be read, or put, by the actions of this policy; absent = all. Other fields for reading than for
   * putting are two policies. A masked policy never allows REMOVE.
   */
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

/** What `$auth` in predicates and `{claim}` in patterns look at. */
export type Auth = Readonly<Record<string, unknown>>;

/** The same, as predicates take it: made once and not for every row. */
export interface AuthContext {
  readonly auth: Auth;
}

/** `sub` and `roles` are those that were verified, whatever the claims say. */
export const authOf = ({ claims, sub, roles }: Principal): Auth => ({ ...claims, sub, roles });
