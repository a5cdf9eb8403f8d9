import type { Connection } from './Connection.js';
import { shapeOf } from './indexes/shapeOf.js';
import type { Queries } from './Queries.js';
import type { Scopes } from './Scopes.js';

/** One socket, for operators. */
export interface ConnectionSight {
  readonly id: number;
  readonly remote: string;
  readonly phase: Connection['phase'];
  readonly clientId: string;
  /** subject and roles of the token; absent before authentication */
  readonly sub?: string;
  readonly roles?: readonly string[];
  /** realms (tabs, apps) that speak through it */
  readonly sessions: number;
  readonly scopes: number;
  readonly queries: number;
  /** wall clock of its last frame, ms since the epoch */
  readonly seenAtMs: number;
}

/** One live query that the node maintains, for operators: without any value it tests. */
export interface QuerySight {
  readonly map: string;
  /** `and(eq owner, gte priority) sort dueAt desc limit 20` */
  readonly query: string;
  readonly rows: number;
  readonly subscribers: number;
  /** whether the view it is asked through shows all of the map */
  readonly isWhole: boolean;
}

export interface NodeViewParts {
  readonly connections: ReadonlyMap<number, Connection>;
  readonly queries: Queries;
  readonly scopes: Scopes;
}

/** What is going on at a node, in lists that a person can look through (ADM-2). */
export class NodeView {
  readonly #parts: NodeViewParts;

  constructor(parts: NodeViewParts) {
    this.#parts = parts;
  }

  /** The newest connections first, at most `limit`. */
  connections(limit: number): readonly ConnectionSight[] {
    const { connections, queries, scopes } = this.#parts;
    const newest = [...connections.values()].slice(-limit).reverse();
    return newest.map((conn) => {
      const { id, remote, phase, clientId, principal, sessions, seenAtMs } = conn;
      return {
        id,
        remote,
        phase,
        clientId,
        ...(principal !== undefined && { sub: principal.sub, roles: principal.roles }),
        sessions: sessions.size,
        scopes: scopes.countOf(conn),
        queries: queries.countOf(conn),
        seenAtMs,
      };
    });
  }

  /** The live queries with the most subscribers first, at most `limit`. */
  queries(limit: number): readonly QuerySight[] {
    const all = [...this.#parts.queries.standing()];
    all.sort((a, b) => b.subscribers.size - a.subscribers.size);
    return all.slice(0, limit).map(({ map, spec, size, subscribers, view }) => ({
      map: map.name,
      query: shapeOf(spec),
      rows: size,
      subscribers: subscribers.size,
      isWhole: view.isWhole,
    }));
  }
}
