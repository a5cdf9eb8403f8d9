import type { MessageOf, ServerMessage } from '@topgun/protocol';
import type { ServerEffects } from '@topgun/server/engine';
import type { Row } from '@topgun/server/internal/engine/Row';
import { canariesOf, numberCanary } from '@topgun/sim/internal/oracle/canaries';
import { replaceProperty } from '@topgun/sim/internal/run/replaceGlobals';
import type { OracleNode } from '../OracleNode.js';
import type { Planted } from '../runCase.js';

/** What somebody may not see, as a mistake would find it in the server's memory. */
export interface Secret {
  readonly row: Row;
  readonly text: string;
  readonly number: number;
}

/** A row that is hidden from whoever is on a connection, with its canaries; undefined when there is none. */
export function secretFor({ data, peers }: OracleNode, conn: number): Secret | undefined {
  const viewer = peers.get(conn)?.viewer;
  if (viewer === undefined) return undefined;
  for (const map of data.maps())
    for (const row of data.rows(map)) {
      if (row.value === undefined || viewer.seen(row) !== undefined) continue;
      const found = new Set<string>();
      canariesOf(row.value, (canary) => found.add(canary));
      const text = [...found].find((canary) => canary.startsWith('zq'));
      const number = [...found].find((canary) => canary.startsWith('#'));
      if (text !== undefined && number !== undefined)
        return { row, text, number: numberCanary(Number(number.slice(1))) };
    }
  return undefined;
}

/**
 * The server adds what it should not to messages of a type, each on its way to one connection; undefined leaves a message as it is. A
 * mistake in the last line before the wire: for messages that no machine of the server puts data into.
 */
export function amending<T extends ServerMessage['type']>(
  type: T,
  amend: (message: MessageOf<T>, secret: Secret, conn: number, node: OracleNode) => ServerMessage | undefined,
): Planted {
  return (node) =>
    sending(node, (send, conn, message) => {
      const secret = message.type === type ? secretFor(node, conn) : undefined;
      // The type was just compared.
      const amended = secret && amend(message as unknown as MessageOf<T>, secret, conn, node);
      send(conn, amended ?? message);
    });
}

/** The server sends one message more after those of a type. */
export function adding<T extends ServerMessage['type']>(
  type: T,
  make: (message: MessageOf<T>, conn: number, node: OracleNode) => ServerMessage | undefined,
): Planted {
  return (node) =>
    sending(node, (send, conn, message) => {
      send(conn, message);
      const more = message.type === type ? make(message as unknown as MessageOf<T>, conn, node) : undefined;
      if (more !== undefined) send(conn, more);
    });
}

type Send = ServerEffects['send'];

function sending(
  { effects }: OracleNode,
  through: (send: Send, conn: number, message: ServerMessage) => void,
): () => void {
  const { send } = effects;
  const one: Send = (conn, message) => through(send, conn, message);
  const undo = [
    replaceProperty(effects, 'send', one),
    replaceProperty(effects, 'sendShared', (conns: readonly number[], message: ServerMessage) => {
      for (const conn of conns) one(conn, message);
    }),
  ];
  return () => {
    for (const take of undo) take();
  };
}
