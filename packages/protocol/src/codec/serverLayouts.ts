/** What a server may send to any device, field by field, in the order of the wire; the checks are run by devices on every frame. */
import { isErrorCode } from '../errors.js';
import * as LIMITS from '../limits.js';
import { FORM_COUNT, PARTITION_COUNT } from '../messages/constants.js';
import type { Span } from '../messages/rows.js';
import type { ToDeviceMessage } from '../messages/types.js';
import {
  anything,
  binary,
  type Check,
  charsWithin,
  hashes,
  isAbsent,
  isIncarnation,
  isKey,
  isMapName,
  isMerklePath,
  isNodeId,
  isPid,
  isPosition,
  isQueryId,
  isRow,
  isSession,
  isTag,
  isTopic,
  isTopicEpoch,
  isTtl,
  isUint,
  isUserId,
  list,
  text,
  tuple,
  within,
} from './checks.js';
import type { Layouts } from './readFrame.js';

const isReason = text(LIMITS.reasonChars);
const isTrue: Check = (value) => value === true;
const isBoolean: Check = (value) => typeof value === 'boolean';
const nodeTable = list(LIMITS.nodesPerTable, isNodeId);
const positions = list(PARTITION_COUNT, isPosition);

/** The value and the tag each form of a change row asks for: odd forms are gone, those from 2 on are of OR maps, 4 counts. */
function isContent(form: unknown, value: unknown, tag: unknown): boolean {
  if (form === 4) return isRow(value, 2, 2) && value.every(isUint) && isAbsent(tag);
  if (!isUint(form) || form > 4 || isAbsent(value) !== (form % 2 === 1)) return false;
  return form < 2 ? isAbsent(tag) : isTag(tag);
}

/** A row of this form, its time left aside. */
const isRowOf = (row: readonly unknown[], form: unknown, nodes: unknown): boolean =>
  isKey(row[1]) &&
  isUint(row[2]) &&
  isUint(row[4]) &&
  // An OP_ACK may leave its table out.
  row[4] < ((nodes as readonly unknown[] | undefined)?.length ?? 0) &&
  isContent(form, row[5], row[7]) &&
  (isAbsent(row[6]) || isTtl(row[6])) &&
  (isAbsent(row[8]) || isUint(row[8]));
const changeRow: Check = (row, { nodes }) =>
  isRow(row, 5, 9) && isUint(row[3]) && isRowOf(row, row[0], nodes);
const changeRows = list(LIMITS.rowsPerReply, changeRow);

const shapeTable = list(
  LIMITS.shapesPerFrame,
  list(LIMITS.mapKeyBytes, (name) => typeof name === 'string' && name !== '__proto__'),
);
const bulkRow: Check = (row, { nodes, shapes }) => {
  if (!isRow(row, 5, 9) || !isUint(row[0]) || !Number.isSafeInteger(row[3])) return false;
  const form = row[0] % FORM_COUNT;
  const shape = (shapes as readonly (readonly string[])[])[(row[0] - form) / FORM_COUNT - 1];
  const isShaped = shape && isRow(row[5], shape.length, shape.length);
  return (row[0] < FORM_COUNT || !!isShaped) && isRowOf(row, form, nodes);
};
const bulkRows = list(LIMITS.rowsPerReply, bulkRow);
const bulkTables = { epoch: isUint, t: isUint, nodes: nodeTable, shapes: shapeTable };
const places = binary(1, LIMITS.placesBytes);
const proof = binary(LIMITS.proofBytes, LIMITS.proofBytes);

const merkleLists: readonly Check[] = [hashes(16), hashes(LIMITS.merkleItemsPerPart, 0), bulkRows];
const merklePart: Check = (part, message) =>
  isRow(part, 4, 4) &&
  isPid(part[0]) &&
  isMerklePath(part[1]) &&
  within(0, 2)(part[2]) &&
  (merkleLists[part[2]] as Check)(part[3], message);

const exception: Check = (value, message) =>
  isRow(value, 3, 5) &&
  isUint(value[0]) &&
  (value[1] === null || isErrorCode(value[1])) &&
  (value[2] === null || changeRow(value[2], message)) &&
  (isAbsent(value[3]) || isUint(value[3])) &&
  (isAbsent(value[4]) || isReason(value[4]));

/** A partition and an offset for each op of the spans. */
function isPairPerOp(value: unknown, spans: readonly Span[]): boolean {
  const ops = spans.reduce((sum, span) => sum + span[1], 0);
  return isRow(value, 2 * ops, 2 * ops) && value.every((item, i) => (i % 2 === 0 ? isPid : isUint)(item));
}

export const serverLayouts: Layouts<ToDeviceMessage> = {
  PING: [0, { id: isUint }, { t: isUint }],
  PONG: [1, { id: isUint }, { serverTime: isUint }],
  AUTH_ACK: [
    32,
    {
      version: isUint,
      serverTime: isUint,
      incarnation: isIncarnation,
      userId: isUserId,
      heartbeatMs: isUint,
      limits: (value) =>
        typeof value === 'object' &&
        Object.keys(value ?? {})
          .sort()
          .join() === 'frameBytes,opsPerFrame,seqWindow' &&
        Object.values(value as object).every(isUint),
    },
    {},
  ],
  OP_ACK: [
    33,
    {
      session: isSession,
      level: within(1, 4),
      epoch: isUint,
      spans: list(LIMITS.rowsPerReply, tuple(isUint, within(1, LIMITS.rowsPerReply), within(0, 4))),
      pos: (value, { spans }) => isPairPerOp(value, spans as readonly Span[]),
    },
    {
      nodes: nodeTable,
      ex: list(LIMITS.rowsPerReply, exception),
    },
  ],
  SERVER_EVENT: [
    34,
    {
      map: isMapName,
      nodes: nodeTable,
      parts: list(PARTITION_COUNT, tuple(isPid, isUint, isUint, isUint, isUint, changeRows)),
    },
    {},
  ],
  SYNC_ROOT: [
    35,
    {
      req: isUint,
      map: isMapName,
      root: isUint,
      at: places,
    },
    {
      proof,
      parts: hashes(PARTITION_COUNT),
      resolver: isTrue,
      volatile: isTrue,
    },
  ],
  SYNC_DELTA: [48, { req: isUint, map: isMapName, ...bulkTables, rows: bulkRows }, {}],
  CURSOR: [49, { map: isMapName, at: places, proof }, { req: isUint }],
  MERKLE_RESP: [
    36,
    {
      req: isUint,
      map: isMapName,
      root: isUint,
      done: isUint,
      ...bulkTables,
      parts: list(16 * LIMITS.merkleNodesPerRequest, merklePart),
    },
    { query: isQueryId },
  ],
  ROWS_RESP: [
    37,
    {
      req: isUint,
      map: isMapName,
      root: isUint,
      done: isUint,
      ...bulkTables,
      rows: bulkRows,
    },
    { query: isQueryId },
  ],
  QUERY_RESP: [
    38,
    {
      query: isQueryId,
      v: within(0, 0),
      nodes: nodeTable,
      rows: list(LIMITS.queryRows, tuple(isPid, isUint, changeRow)),
      last: isBoolean,
      part: isUint,
    },
    { resolver: isTrue, root: isUint, parts: hashes(PARTITION_COUNT), volatile: isTrue },
  ],
  QUERY_UPDATE: [
    39,
    {
      query: isQueryId,
      v: isUint,
      nodes: nodeTable,
      changes: list(LIMITS.rowsPerReply, tuple(within(0, 2), isPid, isUint, changeRow)),
    },
    {},
  ],
  TOPIC_MSG: [
    40,
    { topic: isTopic, data: anything, from: isUserId, ts: isUint, id: text(LIMITS.messageIdChars) },
    { name: text(LIMITS.eventNameChars), epoch: isTopicEpoch, offset: isUint },
  ],
  TOPIC_HEARD: [
    50,
    { topic: isTopic, recovered: isBoolean, epoch: isTopicEpoch, offset: isUint },
    { over: isTrue },
  ],
  GC_PRUNE: [41, { map: isMapName, at: positions }, {}],
  SHUTDOWN: [42, { reconnectInMs: isUint }, {}],
  ERROR: [
    43,
    {
      code: isErrorCode,
      message: (value) => typeof value === 'string' && charsWithin(value, LIMITS.errorMessageChars),
    },
    {
      req: isUint,
      path: text(LIMITS.errorPathChars),
      retryAfterMs: isUint,
      serverTime: isUint,
      ref: text(LIMITS.refChars),
    },
  ],
};
