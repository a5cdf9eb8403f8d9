import { packHashes } from '../codec/hashes.js';
import { packPositions } from '../codec/positions.js';
import type { BulkRow, ChangeRow, Message } from '../messages/types.js';

const SESSION = 'Q2xpZW50U18';
const OTHER = 'Zm9vYmFyYmF';
const CLIENT = 'AAECAwQFBgcICQoLDA0ODw';
const T = 1_768_000_000_000 * 2048;
const TAG = `${CLIENT}:${SESSION}:7`;

const rows: readonly ChangeRow[] = [
  [0, 'todo:1', 5, T, 0, { title: 'Milk', done: false, n: 1.5 }],
  [0, 'todo:2', 6, T + 1, 1, 'text', 60_000],
  [1, 'todo:3', 7, T + 2, 0, null, null, null, 1_768_000_000_001],
  [2, 'tags', 8, T + 3, 1, 'red', null, TAG],
  [3, 'tags', 9, T + 4, 1, null, null, TAG],
  [4, 'votes', 10, T + 5, 0, [12, 3]],
];
const nodes = [SESSION, 'server-1'];
const bulkRows: readonly BulkRow[] = [
  [5, 'todo:1', 5, 0, 0, ['Milk', false, 1.5]],
  [0, 'todo:2', 6, -70_000, 1, 'text', 60_000],
  [1, 'todo:3', 7, 2, 0, null, null, null, 1_768_000_000_001],
  [12, 'tags', 8, 3, 1, ['red'], null, TAG],
  [3, 'tags', 9, 4, 1, null, null, TAG],
  [4, 'votes', 10, 2 ** 40, 0, [12, 3]],
];
const bulk = { epoch: 1_768_000_000_000, t: T, nodes, shapes: [['title', 'done', 'n'], ['']] };
const at = packPositions([
  [0, 1_768_000_000_000, 2],
  [270, 1_768_000_000_007, 9],
]);
const proof = Uint8Array.from({ length: 16 }, (_, i) => 240 + i);
const children = packHashes(Array.from({ length: 16 }, (_, i) => i * 2 ** 49 + i));

/** One or more good messages of every type, by name. The golden bytes are made from them. */
export const samples = {
  PING: { type: 'PING', id: 1, t: 123 },
  'PING bare': { type: 'PING', id: 300 },
  PONG: { type: 'PONG', id: 1, serverTime: 1_768_000_000_000 },
  AUTH: {
    type: 'AUTH',
    versions: [1, 1],
    clientId: CLIENT,
    sessions: [SESSION, OTHER],
    token: 'eyJ.e30.sig',
    incarnation: 'inc-1',
    agent: 'topgun/0.1 node',
  },
  'AUTH bare': { type: 'AUTH', versions: [1, 3], clientId: CLIENT, sessions: [] },
  'AUTH without token': {
    type: 'AUTH',
    versions: [1, 1],
    clientId: CLIENT,
    sessions: [SESSION],
    incarnation: 'inc-1',
  },
  SESSIONS: { type: 'SESSIONS', sessions: [OTHER] },
  SESSION_END: { type: 'SESSION_END', session: OTHER },
  OPS: {
    type: 'OPS',
    session: SESSION,
    settledBelow: 41,
    incarnation: 'inc-1',
    concern: 4,
    maps: ['todos', 'tags', 'votes'],
    rows: [
      [41, 0, 0, 'todo:1', T, null, { title: 'Milk', done: false }],
      [42, 0, 0, 'todo:2', T + 1, [0, T - 9, 'server-1'], 'text', 60_000],
      [43, 1, 0, 'todo:3', T + 2, [1, SESSION, 42], null],
      [44, 2, 1, 'tags', T + 3, null, 'red'],
      [45, 3, 1, 'tags', T + 4, null, [TAG]],
      [46, 4, 2, 'votes', T + 5, null, -3],
      [47, 0, 0, 'todo:4', T + 6, null, true, null, OTHER],
      [
        48,
        5,
        0,
        'list:{a}:1',
        T + 7,
        null,
        [
          [0, 0, 'list:{a}:1', null, { total: 2 }],
          [4, 2, 'list:{a}:2', null, 2],
          [2, 1, 'list:{a}:3', [1, SESSION, 44], 'blue', 1000],
        ],
      ],
    ],
  },
  'OPS every scalar': {
    type: 'OPS',
    session: SESSION,
    settledBelow: 0,
    incarnation: 'inc-1',
    concern: 0,
    maps: ['values'],
    rows: [
      [
        0,
        0,
        0,
        'ключ-🔑',
        0,
        null,
        {
          date: new Date(1_768_000_000_123),
          old: new Date(-62_135_596_800_000),
          second: new Date(1_768_000_000_000),
          big: 9_223_372_036_854_775_807n,
          huge: 18_446_744_073_709_551_615n,
          negative: -1n,
          bytes: new Uint8Array([0, 127, 128, 255]),
          numbers: [
            0, 127, 128, 65_535, 65_536, 4_294_967_295, 4_294_967_296, -1, -32, -33, -32_769, 0.1, 5e-324,
          ],
          nothing: null,
          nested: [[[{ deep: [] }]], {}],
          '': 'empty name',
        },
      ],
    ],
  },
  'OPS empty': {
    type: 'OPS',
    session: SESSION,
    settledBelow: 9,
    incarnation: 'i',
    concern: 2,
    maps: [],
    rows: [],
  },
  SYNC_INIT: { type: 'SYNC_INIT', req: 1, map: 'todos', kind: 'LWW', root: 9_007_199_254_740_991 },
  'SYNC_INIT resume': {
    type: 'SYNC_INIT',
    req: 2,
    map: 'tags',
    kind: 'OR',
    root: 0,
    cursor: Uint8Array.of(...at, ...proof),
  },
  MERKLE_REQ: {
    type: 'MERKLE_REQ',
    req: 2,
    map: 'todos',
    nodes: [
      [0, '', null],
      [270, '0af', children],
    ],
  },
  ROWS_REQ: { type: 'ROWS_REQ', req: 3, map: 'tags', items: [[17, 'a0', packHashes([5, 2 ** 53 - 1])]] },
  SYNC_END: { type: 'SYNC_END', map: 'todos' },
  QUERY_SUB: {
    type: 'QUERY_SUB',
    query: 'q1',
    map: 'todos',
    where: {
      op: 'and',
      children: [
        { op: 'eq', path: 'owner.name', value: 'ann' },
        { op: 'not', child: { op: 'in', path: 'state', values: ['a', 1, null] } },
        { op: 'between', path: 'n', from: 1, to: 5 },
        { op: 'like', path: 'title', pattern: 'M%' },
        { op: 'exists', path: 'x' },
      ],
    },
    sort: [
      ['priority', 'desc'],
      ['title', 'asc'],
    ],
    limit: 20,
  },
  'QUERY_SUB limit only': { type: 'QUERY_SUB', query: 'q2', map: 'todos', limit: 1 },
  QUERY_UNSUB: { type: 'QUERY_UNSUB', query: 'q1' },
  TOPIC_SUB: { type: 'TOPIC_SUB', topic: 'room/1' },
  TOPIC_UNSUB: { type: 'TOPIC_UNSUB', topic: 'room/1' },
  TOPIC_PUB: { type: 'TOPIC_PUB', topic: 'room/1', data: { text: 'hi' } },
  'TOPIC_PUB null': { type: 'TOPIC_PUB', topic: 'room/1', data: null },
  AUTH_ACK: {
    type: 'AUTH_ACK',
    version: 1,
    serverTime: 1_768_000_000_000,
    incarnation: 'inc-1',
    userId: 'ann',
    heartbeatMs: 5000,
    limits: { opsPerFrame: 500, frameBytes: 262_144, seqWindow: 8192 },
  },
  OP_ACK: {
    type: 'OP_ACK',
    session: SESSION,
    level: 4,
    epoch: 1_768_000_000_000,
    spans: [
      [41, 2, 0],
      [43, 1, 1],
      [44, 1, 3],
      [45, 1, 4],
    ],
    pos: [3, 11, 3, 12, 99, 4, 0, 0, 270, 1],
    nodes,
    ex: [
      [43, null, [0, 'todo:3', 4, T, 1, 'theirs'], 1_767_000_000_000],
      [44, 'WRONG_KIND', null],
    ],
  },
  'OP_ACK reason': {
    type: 'OP_ACK',
    session: SESSION,
    level: 4,
    epoch: 1,
    spans: [[7, 1, 3]],
    pos: [0, 0],
    ex: [[7, 'RESOLVER_REJECTED', null, null, 'Stock cannot fall below 0.']],
  },
  'OP_ACK plain': { type: 'OP_ACK', session: SESSION, level: 2, epoch: 0, spans: [[0, 1, 0]], pos: [0, 0] },
  SERVER_EVENT: {
    type: 'SERVER_EVENT',
    map: 'todos',
    nodes,
    parts: [
      [3, 1, 2, 1_768_000_000_000, 10, rows],
      [4, 0, 0, 1, 1, []],
    ],
  },
  SYNC_ROOT: {
    type: 'SYNC_ROOT',
    req: 1,
    map: 'todos',
    root: 77,
    at,
    parts: packHashes(Array.from({ length: 271 }, (_, pid) => (pid === 0 ? 77 : 0))),
  },
  'SYNC_ROOT equal': { type: 'SYNC_ROOT', req: 1, map: 'todos', root: 0, at: packPositions([]), proof },
  'SYNC_ROOT resolver': {
    type: 'SYNC_ROOT',
    req: 1,
    map: 'stock',
    root: 0,
    at: packPositions([]),
    resolver: true,
  },
  SYNC_DELTA: { type: 'SYNC_DELTA', req: 4, map: 'todos', ...bulk, rows: bulkRows },
  CURSOR: { type: 'CURSOR', map: 'todos', at, proof },
  'CURSOR with more to come': { type: 'CURSOR', map: 'todos', at, proof, req: 4 },
  MERKLE_RESP: {
    type: 'MERKLE_RESP',
    req: 2,
    map: 'todos',
    root: 78,
    done: 2,
    ...bulk,
    parts: [
      [0, '', 0, children],
      [1, 'a0', 1, packHashes([99])],
      [2, '', 2, bulkRows],
    ],
  },
  ROWS_RESP: { type: 'ROWS_RESP', req: 3, map: 'todos', root: 79, done: 7, ...bulk, rows: bulkRows },
  QUERY_RESP: {
    type: 'QUERY_RESP',
    query: 'q1',
    v: 0,
    nodes,
    rows: [[3, 1, [0, 'todo:1', 5, T, 0, { title: 'Milk' }]]],
    last: true,
    part: 0,
  },
  'QUERY_RESP resolver': {
    type: 'QUERY_RESP',
    query: 'q2',
    v: 0,
    nodes: [],
    rows: [],
    last: true,
    part: 0,
    resolver: true,
  },
  QUERY_UPDATE: {
    type: 'QUERY_UPDATE',
    query: 'q1',
    v: 1,
    nodes,
    changes: [
      [0, 3, 1, [0, 'todo:1', 5, T, 0, 1]],
      [2, 3, 1, [1, 'todo:2', 6, T, 1]],
    ],
  },
  TOPIC_MSG: { type: 'TOPIC_MSG', topic: 'room/1', data: 'hi', from: 'ann', ts: 1_768_000_000_000 },
  GC_PRUNE: { type: 'GC_PRUNE', map: 'todos', at: [[3, 1, 10]] },
  SHUTDOWN: { type: 'SHUTDOWN', reconnectInMs: 1500 },
  ERROR: {
    type: 'ERROR',
    code: 'LIMIT',
    message: 'opsPerFrame: 501 of 500',
    req: 4,
    path: 'rows',
    retryAfterMs: 100,
    serverTime: 1_768_000_000_000,
    ref: 'q1',
  },
  'ERROR bare': { type: 'ERROR', code: 'INTERNAL', message: '' },
} as const satisfies Record<string, Message>;

export const sampleEntries: readonly (readonly [string, Message])[] = Object.entries(samples);
