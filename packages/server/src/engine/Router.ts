import { type ClientMessage, LIMITS, type MessageOf } from '@topgun/protocol';
import type { Admission } from './Admission.js';
import type { Connection } from './Connection.js';
import { errorMessage, topicRef } from './errorMessage.js';
import type { ServerEffects } from './ports.js';
import type { Queries } from './Queries.js';
import type { Scopes } from './Scopes.js';
import type { SessionMachine } from './SessionMachine.js';
import type { SyncServer } from './SyncServer.js';
import type { Tally } from './Tally.js';
import type { Topics } from './Topics.js';

export interface RouterParts {
  readonly effects: ServerEffects;
  readonly tally: Tally;
  readonly sessions: SessionMachine;
  readonly admission: Admission;
  readonly scopes: Scopes;
  readonly sync: SyncServer;
  readonly queries: Queries;
  readonly topics: Topics;
}

type ClientMessageType = ClientMessage['type'];
type Handlers = {
  readonly [T in ClientMessageType]: (conn: Connection, message: MessageOf<T>, now: number) => void;
};

/** Which machine serves which message: one line each, and the compiler says which one is missing. */
export class Router {
  readonly #parts: RouterParts;
  readonly #handlers: Handlers;

  constructor(parts: RouterParts) {
    const { effects, sessions, admission, scopes, sync, queries, topics } = parts;
    this.#parts = parts;
    this.#handlers = {
      AUTH: (conn, message) => sessions.auth(conn, message),
      SESSIONS: (conn, message, now) => sessions.declare(conn, message.sessions, now),
      SESSION_END: (conn, message, now) => sessions.end(conn, message.session, now),
      OPS: (conn, message, now) => admission.ops(conn, message, now),
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
      TOPIC_SUB: (conn, { topic }) => {
        if (this.#hasRoom(conn, topics.isOpen(conn, topic), topicRef(topic))) topics.subscribe(conn, topic);
      },
      TOPIC_UNSUB: (conn, { topic }) => topics.unsubscribe(conn, topic),
      TOPIC_PUB: (conn, { topic, data }, now) => topics.publish(conn, topic, data, now),
      PING: (conn, { id }, now) => effects.send(conn.id, { type: 'PONG', id, serverTime: now }),
      // That it came is all it says, and that is noted already.
      PONG: () => undefined,
    };
  }

  route(conn: Connection, message: ClientMessage, now: number): void {
    // The table pairs each type with its message, which the compiler cannot follow through a lookup.
    const handler = this.#handlers[message.type] as (
      conn: Connection,
      message: ClientMessage,
      now: number,
    ) => void;
    handler(conn, message, now);
  }

  /** Scopes, queries and topics of one connection are bounded together; one that is open may be opened again. */
  #hasRoom(conn: Connection, isOpen: boolean, ref: string): boolean {
    const { effects, tally, scopes, queries, topics } = this.#parts;
    const count = scopes.countOf(conn) + queries.countOf(conn) + topics.countOf(conn);
    if (isOpen || count < LIMITS.subscriptionsPerConnection) return true;
    tally.refuse('LIMIT');
    effects.send(conn.id, errorMessage('LIMIT', { ref }));
    return false;
  }
}
