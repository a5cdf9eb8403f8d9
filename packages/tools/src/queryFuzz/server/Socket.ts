import { packTime } from '@topgun/core';
import {
  CONCERN,
  type DeviceMessage,
  type MessageOf,
  type MessageType,
  OP,
  type OpRow,
  PROTOCOL_VERSION,
  type ServerMessage,
} from '@topgun/protocol';
import { decodeTurn, encode } from '@topgun/protocol/device';
import type { Principal } from '@topgun/server/engine';
import { type Change, MAP } from '../Case.js';
import { INCARNATION, type QueryNode } from './QueryNode.js';

/** An authenticated socket that sends messages and keeps what comes back, and knows nothing else. */
export class Socket {
  readonly #node: QueryNode;
  readonly #conn: number;
  readonly #session: string;
  #received: ServerMessage[] = [];
  #stamps = 0;
  #ops = 0;

  constructor(node: QueryNode, principal: Principal) {
    this.#node = node;
    this.#conn = node.open(principal, (turn) => {
      for (const decoded of decodeTurn(turn)) {
        if (!decoded.ok) throw new Error(`A device refused a frame: ${decoded.code} at ${decoded.path}`);
        this.#received.push(decoded.message);
      }
    });
    this.#session = `sess-${this.#conn}`.padEnd(11, '_');
    const clientId = `client-${this.#conn}`.padEnd(22, '_');
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    this.send({ type: 'AUTH', versions, clientId, sessions: [this.#session], token: 'token' });
  }

  send(message: DeviceMessage): void {
    this.#node.receive(this.#conn, encode(message));
    this.#node.settle();
  }

  /** One frame with all changes, and its commit. */
  write(changes: readonly Change[]): void {
    this.#node.now++;
    const rows = changes.map(([key, value]): OpRow => {
      const code = value === undefined ? OP.REMOVE : OP.PUT;
      return [++this.#ops, code, 0, key, packTime(this.#node.now, this.#stamps++), null, value ?? null];
    });
    this.send({
      type: 'OPS',
      session: this.#session,
      settledBelow: 0,
      incarnation: INCARNATION,
      concern: CONCERN.PERSISTED,
      maps: [MAP],
      rows,
    });
    const refused = this.take('OP_ACK').flatMap(({ ex }) => ex ?? []);
    if (refused.length > 0)
      throw new Error(`The server refused a write: ${refused.map(([, code]) => code).join()}`);
  }

  /** The messages of a type, of one query if named, that came and were not taken yet. */
  take<T extends MessageType>(type: T, query?: string): MessageOf<T>[] {
    const isMeant = (message: ServerMessage): message is MessageOf<T> & ServerMessage =>
      message.type === type && (query === undefined || ('query' in message && message.query === query));
    const taken = this.#received.filter(isMeant);
    this.#received = this.#received.filter((message) => !isMeant(message));
    return taken;
  }
}
