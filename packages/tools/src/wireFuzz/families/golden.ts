import { packTime } from '@topgun/core';
import { type ClientMessage, CONCERN, OP, packHashes } from '@topgun/protocol';
import type { Around } from '../Family.js';

export type ClientType = ClientMessage['type'];

/** A good frame of every type that a client may send, as the array that travels: `[code, ...fields]`, all fields present. */
export function goldenFrames({
  clientId,
  session,
  incarnation,
  nowMs,
}: Pick<Around, 'clientId' | 'session' | 'incarnation' | 'nowMs'>): Readonly<
  Record<ClientType, readonly unknown[]>
> {
  const t = packTime(nowMs, 0);
  const at = Uint8Array.from({ length: 40 }, (_, i) => i);
  return {
    PING: [0, 7, nowMs],
    PONG: [1, 7, nowMs],
    AUTH: [2, [3, 3], clientId, [session], 'good', incarnation, 'fuzz/1'],
    SESSIONS: [3, [session]],
    SESSION_END: [4, 'AAAAAAAAAAA'],
    OPS: [
      5,
      session,
      0,
      incarnation,
      CONCERN.PERSISTED,
      ['open:a', 'open:b', 'open:c'],
      [
        [1, OP.PUT, 0, 'k1', t, null, { a: 1, b: [true, null] }],
        [2, OP.PUT, 0, 'k2', t, [0, t, 'n'], 'text', 60_000],
        [3, OP.REMOVE, 0, 'k3', t, [1, session, 1], null],
        [4, OP.OR_ADD, 1, 'k4', t, null, 'red'],
        [5, OP.OR_REMOVE, 1, 'k4', t, null, [`${clientId}:${session}:4`]],
        [6, OP.INCREMENT, 2, 'k5', t, null, -3],
        [
          7,
          OP.TRANSACTION,
          0,
          'l:{x}:1',
          t,
          null,
          [
            [OP.PUT, 0, 'l:{x}:1', null, { total: 2 }],
            [OP.REMOVE, 0, 'l:{x}:2', null, null],
          ],
        ],
      ],
    ],
    SYNC_INIT: [6, 11, 'open:a', 'LWW', 77, at],
    MERKLE_REQ: [
      7,
      12,
      'open:a',
      [
        [3, '', null],
        [4, 'a0', packHashes(Array.from({ length: 16 }, (_, i) => i))],
      ],
      'q0',
    ],
    ROWS_REQ: [8, 13, 'open:a', [[3, '', packHashes([1, 2, 3])]], 'q0'],
    SYNC_END: [9, 'open:a'],
    QUERY_SUB: [
      10,
      'q1',
      'open:a',
      {
        op: 'and',
        children: [
          { op: 'gte', path: 'n', value: 1 },
          { op: 'not', child: { op: 'exists', path: 's' } },
        ],
      },
      [
        ['n', 'asc'],
        ['s', 'desc'],
      ],
      50,
      78,
      { key: 'k1', values: [[1], ['x']] },
    ],
    QUERY_UNSUB: [11, 'q1'],
    TOPIC_SUB: [12, 'open:t', ['e', 7], 5, { typing: true }],
    TOPIC_UNSUB: [13, 'open:t'],
    TOPIC_PUB: [14, 'open:t', { hello: [1, 2n, new Date(0), new Uint8Array(3)] }, 'm1', 'said'],
    CLUSTER_SUB: [15, 14],
  };
}

/** How many fields a message of each type has at least, the code not counted. */
export const REQUIRED: Readonly<Record<ClientType, number>> = {
  PING: 1,
  PONG: 1,
  AUTH: 3,
  SESSIONS: 1,
  SESSION_END: 1,
  OPS: 6,
  SYNC_INIT: 4,
  MERKLE_REQ: 3,
  ROWS_REQ: 3,
  SYNC_END: 1,
  QUERY_SUB: 2,
  QUERY_UNSUB: 1,
  TOPIC_SUB: 1,
  TOPIC_UNSUB: 1,
  TOPIC_PUB: 2,
  CLUSTER_SUB: 1,
};

export const CLIENT_TYPES = Object.keys(REQUIRED) as readonly ClientType[];
