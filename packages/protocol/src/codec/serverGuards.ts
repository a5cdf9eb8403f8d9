/** What a server may send, field by field, in the order of the wire: run by devices on every frame. */
import { isErrorCode } from '../errors.js';
import * as LIMITS from '../limits.js';
import { PARTITION_COUNT } from '../messages/constants.js';
import type { ServerMessage, Span } from '../messages/types.js';
import * as is from './checks.js';
import type { Guards } from './readFrame.js';
import { pingGuards } from './readFrame.js';

const { list, tuple, within, isAbsent, isPid, isRow, isTag, isUint } = is;

const nodeTable = list(LIMITS.nodesPerTable, is.isNodeId);
const positions = list(PARTITION_COUNT, is.isPosition);

/** The value and the tag each form of a change row asks for; written out by hand, for there are thousands in a frame. */
function isContent(form: unknown, value: unknown, tag: unknown): boolean {
  switch (form) {
    case 0:
      return !isAbsent(value) && isAbsent(tag);
    case 1:
      return isAbsent(value) && isAbsent(tag);
    case 2:
      return !isAbsent(value) && isTag(tag);
    case 3:
      return isAbsent(value) && isTag(tag);
    default:
      return form === 4 && isRow(value, 2, 2) && value.every(isUint) && isAbsent(tag);
  }
}

const changeRow: is.Check = (row, { nodes }) =>
  isRow(row, 5, 9) &&
  is.isKey(row[1]) &&
  isUint(row[2]) &&
  isUint(row[3]) &&
  isUint(row[4]) &&
  // An OP_ACK may leave its table out.
  row[4] < ((nodes as readonly unknown[] | undefined)?.length ?? 0) &&
  isContent(row[0], row[5], row[7]) &&
  (isAbsent(row[6]) || is.isTtl(row[6])) &&
  (isAbsent(row[8]) || isUint(row[8]));
const changeRows = list(LIMITS.rowsPerReply, changeRow);

const merkleLists: readonly is.Check[] = [
  list(16, tuple(within(0, 15), isUint)),
  list(LIMITS.merkleItemsPerPart, tuple(is.isItemKey, isUint)),
  changeRows,
];
const merklePart: is.Check = (part, message) =>
  isRow(part, 6, 6) &&
  is.isPosition([part[0], part[2], part[3]], message) &&
  is.isMerklePath(part[1]) &&
  within(0, 2)(part[4]) &&
  (merkleLists[part[4]] as is.Check)(part[5], message);

const exception: is.Check = (value, message) =>
  isRow(value, 3, 4) &&
  isUint(value[0]) &&
  (value[1] === null || isErrorCode(value[1])) &&
  (value[2] === null || changeRow(value[2], message)) &&
  (isAbsent(value[3]) || isUint(value[3]));

/** A partition and an offset for each op of the spans. */
function isPairPerOp(value: unknown, spans: readonly Span[]): boolean {
  const ops = spans.reduce((sum, span) => sum + span[1], 0);
  return isRow(value, 2 * ops, 2 * ops) && value.every((item, i) => (i % 2 === 0 ? isPid : isUint)(item));
}

export const serverGuards: Guards<ServerMessage> = {
  ...pingGuards,
  AUTH_ACK: {
    version: isUint,
    serverTime: isUint,
    incarnation: is.isIncarnation,
    userId: is.isUserId,
    heartbeatMs: isUint,
    limits: (value) =>
      typeof value === 'object' &&
      Object.keys(value ?? {})
        .sort()
        .join() === 'frameBytes,opsPerFrame,seqWindow' &&
      Object.values(value as object).every(isUint),
  },
  OP_ACK: {
    session: is.isSession,
    level: within(1, 4),
    epoch: isUint,
    spans: list(LIMITS.rowsPerReply, tuple(isUint, within(1, LIMITS.rowsPerReply), within(0, 4))),
    pos: (value, { spans }) => isPairPerOp(value, spans as readonly Span[]),
    nodes: nodeTable,
    ex: list(LIMITS.rowsPerReply, exception),
  },
  SERVER_EVENT: {
    map: is.isMapName,
    nodes: nodeTable,
    parts: list(PARTITION_COUNT, tuple(isPid, isUint, isUint, isUint, isUint, changeRows)),
  },
  SYNC_ROOT: {
    req: isUint,
    map: is.isMapName,
    root: isUint,
    at: positions,
    parts: list(PARTITION_COUNT, tuple(isPid, isUint)),
  },
  MERKLE_RESP: {
    req: isUint,
    map: is.isMapName,
    nodes: nodeTable,
    parts: list(LIMITS.merkleNodesPerRequest, merklePart),
  },
  ROWS_RESP: {
    req: isUint,
    map: is.isMapName,
    nodes: nodeTable,
    parts: list(
      PARTITION_COUNT,
      tuple(isPid, isUint, isUint, changeRows, list(LIMITS.itemsPerRequest, is.isItemKey)),
    ),
  },
  QUERY_RESP: {
    query: is.isQueryId,
    v: within(0, 0),
    nodes: nodeTable,
    rows: list(LIMITS.queryRows, tuple(isPid, isUint, changeRow)),
    last: (value) => typeof value === 'boolean',
    part: isUint,
  },
  QUERY_UPDATE: {
    query: is.isQueryId,
    v: isUint,
    nodes: nodeTable,
    changes: list(LIMITS.rowsPerReply, tuple(within(0, 2), isPid, isUint, changeRow)),
  },
  TOPIC_MSG: { topic: is.isTopic, data: is.anything, from: is.isUserId, ts: isUint },
  GC_PRUNE: { map: is.isMapName, at: positions },
  SHUTDOWN: { reconnectInMs: isUint },
  ERROR: {
    code: isErrorCode,
    message: (value) => typeof value === 'string' && is.charsWithin(value, LIMITS.errorMessageChars),
    req: isUint,
    path: is.text(LIMITS.errorPathChars),
    retryAfterMs: isUint,
    serverTime: isUint,
    ref: is.text(LIMITS.refChars),
  },
};
