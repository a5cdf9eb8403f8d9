import type { QueryPorts } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { PermissionPolicy, type Policy, type Principal } from '../security/PermissionPolicy.js';
import type { Rights } from '../security/policy/Rights.js';
import type { Connection } from './Connection.js';
import { Denials, type Denied } from './Denials.js';
import { type Row, readableOf } from './Row.js';

/** Maps whose rights one connection keeps ready; a client can name any number of them. */
const RIGHTS_MAX = 256;

/**
 * Where every machine of the engine asks what a connection may do (PERM-1). It remembers the policies picked for each
 * connection and map, so that the question costs next to nothing per row.
 */
export class Gate {
  readonly denials = new Denials(LIMITS.denialsKept);
  readonly ports: QueryPorts;
  #policy: PermissionPolicy;

  constructor(policies: readonly Policy[], ports: QueryPorts = {}) {
    this.ports = ports;
    this.#policy = new PermissionPolicy(policies, ports);
  }

  /** The set that decides now. */
  get policies(): PermissionPolicy {
    return this.#policy;
  }

  /** A set that could take the place of the present one; throws on malformed policies, and changes nothing. */
  check(policies: readonly Policy[]): PermissionPolicy {
    return new PermissionPolicy(policies, this.ports, this.#policy);
  }

  /** New policies hold from the next question on. Throws on malformed ones and keeps the old. */
  setPolicies(policies: readonly Policy[], connections: Iterable<Connection>): void {
    this.#policy = this.check(policies);
    for (const conn of connections) conn.rights.clear();
  }

  /** What a connection may do with a map: the question of every outlet and every write. */
  may(conn: Connection, map: string): Rights {
    let rights = conn.rights.get(map);
    if (rights === undefined) {
      rights = this.#policy.may(principalOf(conn), map);
      if (conn.rights.size >= RIGHTS_MAX) conn.rights.clear();
      conn.rights.set(map, rights);
    }
    return rights;
  }

  /** What a principal without a connection may do with a map. */
  rightsOf(principal: Principal, map: string): Rights {
    return this.#policy.may(principal, map);
  }

  /** Whether a connection may see a row: a present one through its view, a deleted one if it sees anything of the map. */
  sees(conn: Connection, row: Row): boolean {
    const { view } = this.may(conn, row.map);
    const readable = readableOf(row);
    return readable === undefined ? !view.isBlind : view.project(readable) !== undefined;
  }

  /** Remembers for operators what a connection was denied (PERM-13). */
  denied(conn: Connection, denied: Denied): void {
    // The time of the message that is being handled.
    this.denials.note(this.#policy, principalOf(conn), denied, conn.seenAtMs);
  }
}

function principalOf({ id, principal }: Connection): Principal {
  // Nothing but AUTH and PING is handled before; going on would ask for a nobody, to whom role '*' applies.
  if (principal === undefined)
    throw new Error(`Connection ${id} asks for rights before it is authenticated.`);
  return principal;
}
