import type { Connection } from './Connection.js';
import type { Queries } from './Queries.js';
import type { Scopes } from './Scopes.js';
import type { Topics } from './Topics.js';

/** All that connections follow. */
export class Followers {
  readonly #kinds: readonly [Scopes, Queries, Topics];

  constructor(scopes: Scopes, queries: Queries, topics: Topics) {
    this.#kinds = [scopes, queries, topics];
  }

  /** Rights have changed: whoever now sees something else is told to open it again. */
  review(conn: Connection): void {
    for (const kind of this.#kinds) kind.review(conn);
  }

  /** The network does not take what the connection is sent, or has taken all of it (FLOW-1). */
  pressed(conn: Connection, isBehind: boolean): void {
    for (const kind of this.#kinds) kind.pressed(conn, isBehind);
  }

  leaveAll(conn: Connection): void {
    const [scopes, queries, topics] = this.#kinds;
    scopes.leaveAll(conn);
    queries.unsubscribeAll(conn);
    topics.unsubscribeAll(conn, !conn.hasLeft);
  }
}
