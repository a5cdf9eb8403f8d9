import { type ClientMessage, LIMITS, type MessageOf } from '@topgun/protocol';
import type { LimitName } from '../limits/table.js';
import type { Accounts } from './Accounts.js';
import type { Admission } from './Admission.js';
import type { Connection } from './Connection.js';
import type { OpForwarding } from './cluster/OpForwarding.js';
import type { EngineLimits } from './EngineLimits.js';
import { errorMessage, topicRef } from './errorMessage.js';
import { PublicMap } from './PublicMap.js';
import type { ServerEffects } from './ports.js';
import type { Queries } from './Queries.js';
import type { Scopes } from './Scopes.js';
import type { SessionMachine } from './SessionMachine.js';
import type { SyncServer } from './SyncServer.js';
import type { Tally } from './Tally.js';
import type { Topics } from './Topics.js';

export interface RouterParts {
  readonly effects: ServerEffects;
  readonly nodeId: string;
  readonly publicUrl: string | undefined;
  readonly connections: ReadonlyMap<number, Connection>;
  readonly limits: EngineLimits;
  readonly accounts: Accounts;
  readonly tally: Tally;
  readonly sessions: SessionMachine;
  readonly admission: Admission;
  /** of a node of a cluster */
  readonly forwarding: OpForwarding | undefined;
  readonly scopes: Scopes;
  readonly sync: SyncServer;
  readonly queries: Queries;
  readonly topics: Topics;
}

type ClientMessageType = ClientMessage['type'];
type Handlers = {
  readonly [T in ClientMessageType]: (
    conn: Connection,
    message: MessageOf<T>,
    now: number,
    bytes: number,
  ) => void;
};

/** Which machine serves which message: one line each, and the compiler says which one is missing. */
export class Router {
  /** of a node of a cluster */
  readonly forwarding: OpForwarding | undefined;
  /** what clients are told of the cluster */
  readonly publicMap: PublicMap;
  readonly #parts: RouterParts;
  readonly #handlers: Handlers;

  constructor(parts: RouterParts) {
    const { effects, sessions, admission, scopes, sync, queries, topics, forwarding } = parts;
    const intake = forwarding ?? admission;
    this.#parts = parts;
    this.forwarding = forwarding;
    this.publicMap = new PublicMap(parts);
    this.#handlers = {
      AUTH: (conn, message) => sessions.auth(conn, message),
      SESSIONS: (conn, message, now) => sessions.declare(conn, message.sessions, now),
      SESSION_END: (conn, message, now) => {
        forwarding?.ended(conn, message.session);
        sessions.end(conn, message.session, now);
      },
      OPS: (conn, message, now, bytes) => intake.ops(conn, message, now, bytes),
      SYNC_INIT: (conn, message) => {
        if (this.#hasRoom(conn, scopes.isOpen(conn, message.map), message.map)) sync.init(conn, message);
      },
      MERKLE_REQ: (conn, message) => sync.merkle(conn, message),
      ROWS_REQ: (conn, message) => sync.rows(conn, message),
      SYNC_END: (conn, message) => scopes.leave(conn, message.map),
      QUERY_SUB: (conn, message) => {
        if (this.#hasRoom(conn, queries.isOpen(conn, message.query), message.query))
          queries.subscribe(conn, message);
      },
      QUERY_UNSUB: (conn, message) => queries.unsubscribe(conn, message.query),
      TOPIC_SUB: (conn, message) => {
        const { topic } = message;
        if (this.#hasRoom(conn, topics.isOpen(conn, topic), topicRef(topic))) topics.subscribe(conn, message);
      },
      TOPIC_UNSUB: (conn, { topic }) => topics.unsubscribe(conn, topic),
      TOPIC_PUB: (conn, message) => topics.publish(conn, message),
      CLUSTER_SUB: (conn, { req }) => this.publicMap.ask(conn, req),
      PING: (conn, { id }, now) => effects.send(conn.id, { type: 'PONG', id, serverTime: now }),
      // That it came is all it says, and that is noted already.
      PONG: () => undefined,
    };
  }

  /** Carries a message out, if its principal may send more; `bytes` is its size. */
  route(conn: Connection, message: ClientMessage, bytes: number, now: number): void {
    if (!this.#parts.accounts.admits(conn, message, bytes, now)) return;
    // The table pairs each type with its message, which the compiler cannot follow through a lookup.
    const handler = this.#handlers[message.type] as (
      conn: Connection,
      message: ClientMessage,
      now: number,
      bytes: number,
    ) => void;
    handler(conn, message, now, bytes);
  }

  /** Scopes, queries and topics that a connection has open, refused ones included. */
  follows(conn: Connection): number {
    const { scopes, queries, topics } = this.#parts;
    return scopes.countOf(conn) + queries.countOf(conn) + topics.countOf(conn);
  }

  /** They are bounded together, of one connection and of one principal; one that is open may be opened again. */
  #hasRoom(conn: Connection, isOpen: boolean, ref: string): boolean {
    const { effects, tally } = this.#parts;
    const limit = isOpen ? undefined : this.#isFull(conn);
    if (limit === undefined) return true;
    tally.hit(limit);
    tally.refuse('LIMIT');
    effects.send(conn.id, errorMessage('LIMIT', { ref }));
    return false;
  }

  #isFull(conn: Connection): LimitName | undefined {
    if (this.follows(conn) >= LIMITS.subscriptionsPerConnection) return 'subscriptionsPerConnection';
    const max = this.#parts.limits.subscriptionsPerPrincipal;
    const connections = this.#parts.accounts.of(conn)?.connections ?? new Set();
    // Each has a limit of its own. Where they cannot reach this one together, a crowd under one name is not walked for each subscription.
    if (connections.size * LIMITS.subscriptionsPerConnection < max) return undefined;
    let count = 0;
    for (const other of connections) count += this.follows(other);
    return count < max ? undefined : 'subscriptionsPerPrincipal';
  }
}
