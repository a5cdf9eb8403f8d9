import type { Principal } from '../../security/policy/Policy.js';
import type { Connection } from '../Connection.js';
import type { AskItem } from './forwardedItems.js';
import type { Route } from './Routes.js';

interface Known {
  readonly principal: Principal;
  readonly sessions: ReadonlySet<string>;
}

/** What owners were told of the clients whose ops they get: who they are, and for which sessions they speak. */
export class Introductions {
  readonly #known = new Map<Connection, Map<Route, Known>>();
  readonly #byId = new Map<number, Connection>();

  /** What an owner has to be told before ops of a connection are sent to it; undefined: it knows. */
  to(route: Route, conn: Connection, seenMs: number | undefined): AskItem | undefined {
    const { id, clientId, principal, sessions, remote } = conn;
    // Only who has been let in sends ops.
    if (principal === undefined) return undefined;
    const routes = this.#known.get(conn) ?? new Map<Route, Known>();
    const known = routes.get(route);
    if (known?.principal === principal && isSame(known.sessions, sessions)) return undefined;
    this.#byId.set(id, conn);
    this.#known.set(conn, routes.set(route, { principal, sessions: new Set(sessions) }));
    return { ask: 'open', conn: id, clientId, principal, sessions: [...sessions], remote, seenMs };
  }

  /** A connection that some owner was told of. */
  connection(id: number): Connection | undefined {
    return this.#byId.get(id);
  }

  /** The routes to those who know a connection. */
  of(conn: Connection): Route[] {
    return [...(this.#known.get(conn)?.keys() ?? [])];
  }

  forget(conn: Connection): void {
    this.#known.delete(conn);
    this.#byId.delete(conn.id);
  }

  /** O(connections). */
  lost(route: Route): void {
    for (const [conn, routes] of this.#known)
      if (routes.delete(route) && routes.size === 0) this.forget(conn);
  }
}

function isSame(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  if (some.size !== others.size) return false;
  for (const one of some) if (!others.has(one)) return false;
  return true;
}
