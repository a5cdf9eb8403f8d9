/**
 * The published definition of every message, as one discriminated union on `type`. No transforms: a schema says what
 * is on the wire and nothing else. The codec runs the hand-written guards instead, which are a hundred times faster;
 * `explainRefusal` turns to the schemas when a guard has said no. Nothing but it and `index.ts` imports this module, so an
 * app that bundles the client carries no zod.
 */
import * as z from 'zod/mini';
import { isRowPosition } from './codec/rowPosition.js';
import type { ErrorCode } from './errors.js';
import { ERROR_CODES } from './errors.js';
import * as LIMITS from './limits.js';
import { NODE_STATES, PARTITION_COUNT } from './messages/constants.js';
import * as p from './schemaParts.js';

const { list, maybe, uint, upTo, text, mapName, session, pid } = p;
const errorCode = z.enum(ERROR_CODES as readonly [ErrorCode, ...ErrorCode[]]);

const ping = z.strictObject({ type: z.literal('PING'), id: uint, t: maybe(uint) });
const pong = z.strictObject({ type: z.literal('PONG'), id: uint, serverTime: maybe(uint) });

const auth = z.strictObject({
  type: z.literal('AUTH'),
  versions: z.tuple([uint, uint]),
  clientId: p.clientId,
  sessions: list(session, LIMITS.sessionsPerAuth),
  token: maybe(text(LIMITS.tokenChars)),
  incarnation: maybe(p.incarnation),
  agent: maybe(text(LIMITS.agentChars)),
});
const sessions = z.strictObject({
  type: z.literal('SESSIONS'),
  sessions: list(session, LIMITS.sessionsPerConnection),
});
const sessionEnd = z.strictObject({ type: z.literal('SESSION_END'), session });
const ops = z
  .strictObject({
    type: z.literal('OPS'),
    session,
    settledBelow: uint,
    incarnation: p.incarnation,
    concern: z.literal([0, 1, 2, 3, 4]),
    maps: list(mapName, LIMITS.mapsPerFrame),
    rows: list(p.opRow, LIMITS.opsPerFrame),
  })
  .check(
    z.refine((m) => m.rows.every((row) => row[2] < m.maps.length && subMapsFit(row, m.maps)), {
      path: ['rows'],
    }),
  );
function subMapsFit(row: z.infer<typeof p.opRow>, maps: readonly string[]): boolean {
  return row[1] !== 5 || p.rowsFitTable(row[6] as readonly (readonly unknown[])[], 1, maps);
}

const syncInit = z.strictObject({
  type: z.literal('SYNC_INIT'),
  req: uint,
  map: mapName,
  kind: p.kind,
  root: uint,
  cursor: maybe(p.binary(LIMITS.proofBytes, LIMITS.cursorBytes)),
});
const merkleReq = z.strictObject({
  type: z.literal('MERKLE_REQ'),
  req: uint,
  map: mapName,
  nodes: list(z.tuple([pid, p.merklePath, z.nullable(p.hashes(16))]), LIMITS.merkleNodesPerRequest),
  query: maybe(p.queryId),
});
const rowsReq = z.strictObject({
  type: z.literal('ROWS_REQ'),
  req: uint,
  map: mapName,
  items: list(z.tuple([pid, p.merklePath, p.hashes(LIMITS.itemsPerRequest, 1)]), LIMITS.itemsPerRequest),
  query: maybe(p.queryId),
});
const syncEnd = z.strictObject({ type: z.literal('SYNC_END'), map: mapName });
const querySub = z
  .strictObject({
    type: z.literal('QUERY_SUB'),
    query: p.queryId,
    map: mapName,
    where: maybe(p.predicate),
    sort: maybe(
      list(
        z.tuple([z.string().check(z.maxLength(LIMITS.sortPathChars)), z.enum(['asc', 'desc'])]),
        LIMITS.sortTerms,
      ),
    ),
    limit: maybe(upTo(1, LIMITS.queryRows)),
    root: maybe(uint),
    after: maybe(p.rowPosition),
    before: maybe(p.rowPosition),
  })
  .check(
    z.refine(({ sort, after, before }) =>
      after == null
        ? before == null || isRowPosition(before, sort)
        : before == null && isRowPosition(after, sort),
    ),
  );
const queryUnsub = z.strictObject({ type: z.literal('QUERY_UNSUB'), query: p.queryId });
const topicSub = z.strictObject({
  type: z.literal('TOPIC_SUB'),
  topic: p.topic,
  since: maybe(z.tuple([p.topicEpoch, uint])),
  last: maybe(upTo(0, LIMITS.topicHistory)),
  state: maybe(p.anyValue),
});
const topicUnsub = z.strictObject({ type: z.literal('TOPIC_UNSUB'), topic: p.topic });
const topicPub = z.strictObject({
  type: z.literal('TOPIC_PUB'),
  topic: p.topic,
  ...p.said,
  id: maybe(p.messageId),
});

const authAck = z.strictObject({
  type: z.literal('AUTH_ACK'),
  version: uint,
  serverTime: uint,
  incarnation: p.incarnation,
  userId: text(LIMITS.userIdChars),
  heartbeatMs: uint,
  limits: z.strictObject({ opsPerFrame: uint, frameBytes: uint, seqWindow: uint }),
});
const opAck = z
  .strictObject({
    type: z.literal('OP_ACK'),
    session,
    level: z.literal([1, 2, 3, 4]),
    epoch: uint,
    spans: list(
      z.tuple([uint, upTo(1, LIMITS.rowsPerReply), z.literal([0, 1, 2, 3, 4])]),
      LIMITS.rowsPerReply,
    ),
    pos: z.array(uint),
    nodes: maybe(p.nodeTable),
    ex: maybe(
      list(
        z.tuple([
          uint,
          z.nullable(errorCode),
          z.nullable(p.changeRow),
          z.exactOptional(z.nullable(uint)),
          z.exactOptional(z.nullable(text(LIMITS.reasonChars))),
        ]),
        LIMITS.rowsPerReply,
      ),
    ),
  })
  .check(
    z.refine((m) => m.pos.length === 2 * m.spans.reduce((ops, span) => ops + span[1], 0), { path: ['pos'] }),
    z.refine((m) => m.pos.every((value, i) => i % 2 === 1 || value < PARTITION_COUNT), { path: ['pos'] }),
    z.refine(
      (m) =>
        p.rowsFitTable(
          (m.ex ?? []).flatMap((e) => (e[2] ? [e[2]] : [])),
          4,
          m.nodes ?? [],
        ),
      {
        path: ['ex'],
      },
    ),
  );
const serverEvent = z
  .strictObject({
    type: z.literal('SERVER_EVENT'),
    map: mapName,
    nodes: p.nodeTable,
    parts: list(z.tuple([pid, uint, uint, uint, uint, p.changeRows]), PARTITION_COUNT),
  })
  .check(z.refine((m) => m.parts.every((part) => p.rowsFitTable(part[5], 4, m.nodes)), { path: ['parts'] }));
const syncRoot = z.strictObject({
  type: z.literal('SYNC_ROOT'),
  req: uint,
  map: mapName,
  root: uint,
  at: p.places,
  proof: maybe(p.proof),
  parts: maybe(p.hashes(PARTITION_COUNT)),
  resolver: maybe(z.literal(true)),
  volatile: maybe(z.literal(true)),
});
const syncDelta = z
  .strictObject({ type: z.literal('SYNC_DELTA'), req: uint, map: mapName, ...p.bulkTables, rows: p.bulkRows })
  .check(z.refine((m) => p.bulkRowsFit(m.rows, m), { path: ['rows'] }));
const cursor = z.strictObject({
  type: z.literal('CURSOR'),
  map: mapName,
  at: p.places,
  proof: p.proof,
  req: maybe(uint),
});
const merkleResp = z
  .strictObject({
    type: z.literal('MERKLE_RESP'),
    req: uint,
    map: mapName,
    root: uint,
    done: uint,
    ...p.bulkTables,
    parts: list(
      z.union([
        z.tuple([pid, p.merklePath, z.literal(0), p.hashes(16)]),
        z.tuple([pid, p.merklePath, z.literal(1), p.hashes(LIMITS.merkleItemsPerPart, 0)]),
        z.tuple([pid, p.merklePath, z.literal(2), p.bulkRows]),
      ]),
      16 * LIMITS.merkleNodesPerRequest,
    ),
    query: maybe(p.queryId),
  })
  .check(
    z.refine((m) => m.parts.every((part) => part[2] !== 2 || p.bulkRowsFit(part[3], m)), {
      path: ['parts'],
    }),
  );
const rowsResp = z
  .strictObject({
    type: z.literal('ROWS_RESP'),
    req: uint,
    map: mapName,
    root: uint,
    done: uint,
    ...p.bulkTables,
    rows: p.bulkRows,
    query: maybe(p.queryId),
  })
  .check(z.refine((m) => p.bulkRowsFit(m.rows, m), { path: ['rows'] }));
const queryResp = z
  .strictObject({
    type: z.literal('QUERY_RESP'),
    query: p.queryId,
    v: z.literal(0),
    nodes: p.nodeTable,
    rows: list(z.tuple([pid, uint, p.changeRow]), LIMITS.queryRows),
    last: z.boolean(),
    part: uint,
    resolver: maybe(z.literal(true)),
    root: maybe(uint),
    parts: maybe(p.hashes(PARTITION_COUNT)),
    volatile: maybe(z.literal(true)),
  })
  .check(
    z.refine(
      (m) =>
        p.rowsFitTable(
          m.rows.map((row) => row[2]),
          4,
          m.nodes,
        ),
      { path: ['rows'] },
    ),
  );
const queryUpdate = z
  .strictObject({
    type: z.literal('QUERY_UPDATE'),
    query: p.queryId,
    v: uint,
    nodes: p.nodeTable,
    changes: list(z.tuple([z.literal([0, 1, 2]), pid, uint, p.changeRow]), LIMITS.rowsPerReply),
  })
  .check(
    z.refine(
      (m) =>
        p.rowsFitTable(
          m.changes.map((row) => row[3]),
          4,
          m.nodes,
        ),
      { path: ['changes'] },
    ),
  );
const topicMsg = z.strictObject({
  type: z.literal('TOPIC_MSG'),
  topic: p.topic,
  ...p.said,
  from: text(LIMITS.userIdChars),
  ts: uint,
  id: text(LIMITS.messageIdChars),
  epoch: maybe(p.topicEpoch),
  offset: maybe(uint),
});
const topicHeard = z.strictObject({
  type: z.literal('TOPIC_HEARD'),
  topic: p.topic,
  recovered: z.boolean(),
  epoch: p.topicEpoch,
  offset: uint,
  over: maybe(z.literal(true)),
});
const gcPrune = z.strictObject({ type: z.literal('GC_PRUNE'), map: mapName, at: p.positions });
const clusterSub = z.strictObject({ type: z.literal('CLUSTER_SUB'), req: uint });
const clusterMap = z
  .strictObject({
    type: z.literal('CLUSTER_MAP'),
    version: uint,
    self: p.nodeId,
    nodes: list(
      z.tuple([p.nodeId, text(LIMITS.nodeUrlChars), upTo(0, NODE_STATES.length - 1)]),
      LIMITS.nodesPerMap,
    ),
    owners: list(uint, PARTITION_COUNT, PARTITION_COUNT),
    req: maybe(uint),
  })
  .check(z.refine((m) => m.owners.every((owner) => owner <= m.nodes.length + 1), { path: ['owners'] }));
const shutdown = z.strictObject({ type: z.literal('SHUTDOWN'), reconnectInMs: uint });
const error = z.strictObject({
  type: z.literal('ERROR'),
  code: errorCode,
  message: z.string().check(z.maxLength(LIMITS.errorMessageChars)),
  req: maybe(uint),
  path: maybe(text(LIMITS.errorPathChars)),
  retryAfterMs: maybe(uint),
  serverTime: maybe(uint),
  ref: maybe(text(LIMITS.refChars)),
});

const fromClient = [
  auth,
  sessions,
  sessionEnd,
  ops,
  syncInit,
  merkleReq,
  rowsReq,
  syncEnd,
  querySub,
  queryUnsub,
  topicSub,
  topicUnsub,
  topicPub,
  clusterSub,
] as const;
const fromServer = [
  authAck,
  opAck,
  serverEvent,
  syncRoot,
  syncDelta,
  cursor,
  merkleResp,
  rowsResp,
  queryResp,
  queryUpdate,
  topicMsg,
  topicHeard,
  gcPrune,
  clusterMap,
  shutdown,
  error,
] as const;
const fromBoth = [ping, pong] as const;

/** What a client may send. */
export const clientMessageSchema = z.discriminatedUnion('type', [...fromClient, ...fromBoth]);
/** What a server may send. */
export const serverMessageSchema = z.discriminatedUnion('type', [...fromServer, ...fromBoth]);
/** Every message. */
export const messageSchema = z.discriminatedUnion('type', [...fromClient, ...fromServer, ...fromBoth]);

/** Each by its type. */
export const schemaByType = new Map<string, z.ZodMiniType>(
  [...fromClient, ...fromServer, ...fromBoth].map((schema) => [
    schema.shape.type.def.values[0] as string,
    schema,
  ]),
);
