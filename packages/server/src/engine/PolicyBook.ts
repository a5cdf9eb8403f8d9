import type { QueryPorts } from '@topgun/core';
import type { PermissionPolicy, Policy, Principal } from '../security/PermissionPolicy.js';
import type { Connection } from './Connection.js';
import type { Denial, Denied } from './Denials.js';
import type { Gate } from './Gate.js';
import type { ServerEffects } from './ports.js';
import type { Staging } from './Staging.js';

/** The meta record that holds the stored policies. */
const META = 'policies';

/** The policies that are kept in the store: a whole set, replaced as a whole. */
export interface StoredPolicies {
  /** rises by one with each replacement; 0 = there never was one */
  readonly version: number;
  /** ms since the epoch */
  readonly atMs: number;
  /** subject of who replaced it */
  readonly by: string;
  readonly policies: readonly Policy[];
}

const NONE: StoredPolicies = { version: 0, atMs: 0, by: '', policies: [] };

export interface PolicyBookParts {
  readonly gate: Gate;
  readonly staging: Pick<Staging, 'stageMeta'>;
  readonly effects: Pick<ServerEffects, 'policiesStored' | 'policiesChanged'>;
  readonly connections: ReadonlyMap<number, Connection>;
  /** what a connection sees may have changed */
  readonly review: (conn: Connection) => void;
}

/**
 * The policies of a node: those that its shell was configured with and those kept in the store, which add up (PERM-11).
 * Whatever changes them, the new rights hold from the next decision on.
 */
export class PolicyBook {
  readonly #parts: PolicyBookParts;
  #configured: readonly Policy[];
  /** durable, and what decides */
  #stored: StoredPolicies;
  /** the last one asked for */
  #asked: StoredPolicies;
  #isSound: boolean;
  /** why the stored policies of the start are not in force; they only ever add rights */
  readonly fault: unknown;

  constructor(parts: PolicyBookParts, meta: ReadonlyMap<string, unknown>, configured: readonly Policy[]) {
    this.#parts = parts;
    this.#configured = configured;
    // Written by `store`, here or in an earlier life of the node.
    this.#stored = (meta.get(META) as StoredPolicies | undefined) ?? NONE;
    this.#asked = this.#stored;
    this.fault = this.#faultOf(this.#stored.policies);
    this.#isSound = this.fault === undefined;
    this.#apply();
  }

  /** What decides now. */
  get inForce(): PermissionPolicy {
    return this.#parts.gate.policies;
  }

  /** What predicates of policies may use. */
  get ports(): QueryPorts {
    return this.#parts.gate.ports;
  }

  get stored(): StoredPolicies {
    return this.#stored;
  }

  /** The last denials, the newest first, and how many more there were at once than are told. */
  get denials(): { readonly list: readonly Denial[]; readonly unexplained: number } {
    const { denials } = this.#parts.gate;
    return { list: denials.list(), unexplained: denials.unexplained };
  }

  /** Remembers for operators what a principal without a connection was denied (PERM-13). */
  denied(principal: Principal, denied: Denied, now: number): void {
    const { gate } = this.#parts;
    gate.denials.note(gate.policies, principal, denied, now);
  }

  /** Throws `POLICY_INVALID` for policies that cannot be used. */
  check(policies: readonly Policy[]): void {
    this.#parts.gate.check(policies);
  }

  /** Other configured policies, from now on. Throws on malformed ones and keeps the old. */
  configure(policies: readonly Policy[]): void {
    this.check(policies);
    this.#configured = policies;
    this.#apply();
  }

  /**
   * Asks for other stored policies, which were checked; they hold when they are durable, and `policiesStored` tells. False when
   * `base` is not the version that they would take the place of: somebody else was quicker.
   */
  store(base: number, policies: readonly Policy[], by: string, now: number): boolean {
    if (base !== this.#asked.version) return false;
    const was = this.#asked === NONE ? undefined : this.#asked;
    this.#asked = { version: base + 1, atMs: now, by, policies };
    this.#parts.staging.stageMeta(META, this.#asked, now, { value: was });
    return true;
  }

  /** A commit is durable, with these facts in it. */
  committed(meta: ReadonlyMap<string, unknown>): void {
    const stored = meta.get(META);
    if (stored === undefined) return;
    this.#take(stored as StoredPolicies);
    this.#parts.effects.policiesStored?.(this.#stored.version, true);
  }

  /** What another node has stored; whoever waits here for such a version was not as quick. */
  follow(name: string, value: unknown): void {
    if (name !== META) return;
    const stored = (value as StoredPolicies | null) ?? NONE;
    if (stored.version <= this.#stored.version) return;
    this.#take(stored);
    this.#asked = stored;
    this.#parts.effects.policiesStored?.(stored.version, false);
  }

  #take(stored: StoredPolicies): void {
    this.#stored = stored;
    this.#isSound = this.#faultOf(stored.policies) === undefined;
    this.#apply();
  }

  #faultOf(policies: readonly Policy[]): unknown {
    try {
      this.check(policies);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #apply(): void {
    const { gate, connections, review, effects } = this.#parts;
    const stored = this.#isSound ? this.#stored.policies : [];
    gate.setPolicies([...this.#configured, ...stored], connections.values());
    for (const conn of [...connections.values()]) if (conn.phase === 'READY') review(conn);
    effects.policiesChanged?.();
  }
}
