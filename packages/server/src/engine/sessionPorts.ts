import type { Accounts } from './Accounts.js';
import type { ClientBindings } from './ClientBindings.js';
import type { Connection } from './Connection.js';
import { isForwarded } from './cluster/forwardedItems.js';
import type { Followers } from './Followers.js';
import type { Retention } from './Retention.js';
import type { Router } from './Router.js';
import type { SessionPorts } from './SessionMachine.js';

export interface SessionNeighbours {
  readonly connections: Map<number, Connection>;
  readonly bindings: ClientBindings;
  readonly retention: Retention;
  readonly accounts: Accounts;
  readonly followers: Followers;
  readonly router: () => Router;
  readonly wall: { readonly nowMs: number };
}

/** What sessions ask of the machines around them, and what these hear of sessions. */
export function sessionPorts(parts: SessionNeighbours): SessionPorts {
  const { connections, bindings, retention, accounts, followers, router, wall } = parts;
  return {
    boundTo: (clientId) => bindings.subOf(clientId),
    seen: (clientId, sub, now) => bindings.seen(clientId, sub, now),
    declared: (...session) => retention.declared(...session),
    ended: (...session) => retention.ended(...session),
    hasRoom: (conn, { sub }) => accounts.enter(conn, sub),
    follows: (conn) => router().follows(conn),
    principalChanged: (conn) => {
      conn.rights.clear();
      followers.review(conn);
    },
    gone: (conn) => {
      // A connection may have lasted for long.
      if (conn.principal !== undefined && !isForwarded(conn.id))
        bindings.seen(conn.clientId, conn.principal.sub, wall.nowMs);
      connections.delete(conn.id);
      accounts.leave(conn);
      // What is remembered of sessions of other nodes' clients is their gateways' business.
      if (!isForwarded(conn.id)) for (const session of conn.sessions) retention.left(conn.clientId, session);
      router().forwarding?.gone(conn);
      followers.leaveAll(conn);
    },
  };
}
