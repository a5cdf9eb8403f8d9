/**
 * Hand-written checks of every message: what the codec runs on each frame, on both ends. They say only yes or no;
 * the schemas, which are the published definition, say why (server only). A property test holds the two equal.
 */
import { isErrorCode } from '../errors.js';
import { LIMITS } from '../limits.js';
import { KINDS, PARTITION_COUNT } from '../messages/constants.js';
import type { Message, MessageType } from '../messages/types.js';
import type { Candidate } from './fields.js';
import { isPredicate } from './predicate.js';
import { areChangeRows, isChangeRow, isOpRow, isPosition } from './rows.js';
import * as is from './scalars.js';

type Guard = (m: Candidate) => boolean;

/** Absent, or present and right. */
const opt = (value: unknown, check: is.Check): boolean => value === undefined || check(value);
const among = (value: unknown, min: number, max: number): boolean =>
  is.isUint(value) && value >= min && value <= max;
const pair = (value: unknown, first: is.Check, second: is.Check): boolean =>
  is.isRow(value, 2, 2) && first(value[0]) && second(value[1]);

const isNodeTable = (value: unknown): boolean => is.isList(value, LIMITS.nodesPerTable, is.isNodeId);
const isPositions = (value: unknown): boolean => is.isList(value, PARTITION_COUNT, isPosition);
const isSessions = (value: unknown, max: number): boolean => is.isList(value, max, is.isSession);
const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

/** A table of node ids, and parts that point into it. */
function withNodes(
  m: Candidate,
  parts: unknown,
  max: number,
  check: (part: unknown, nodes: number) => boolean,
): boolean {
  if (!isNodeTable(m.nodes) || !Array.isArray(parts) || parts.length > max) return false;
  const nodes = lengthOf(m.nodes);
  for (let i = 0; i < parts.length; i++) if (!check(parts[i], nodes)) return false;
  return true;
}

const isEventPart = (part: unknown, nodes: number): boolean =>
  is.isRow(part, 6, 6) &&
  is.isPid(part[0]) &&
  is.isUint(part[1]) &&
  is.isUint(part[2]) &&
  is.isUint(part[3]) &&
  is.isUint(part[4]) &&
  areChangeRows(part[5], nodes);

function isMerklePart(part: unknown, nodes: number): boolean {
  if (!is.isRow(part, 6, 6) || !isPosition([part[0], part[2], part[3]]) || !is.isMerklePath(part[1]))
    return false;
  switch (part[4]) {
    case 0:
      return is.isList(part[5], 16, (child) => pair(child, (digit) => among(digit, 0, 15), is.isUint));
    case 1:
      return is.isList(part[5], LIMITS.merkleItemsPerPart, (item) => pair(item, is.isItemKey, is.isUint));
    default:
      return part[4] === 2 && areChangeRows(part[5], nodes);
  }
}

const isRowsPart = (part: unknown, nodes: number): boolean =>
  is.isRow(part, 5, 5) &&
  isPosition(part.slice(0, 3)) &&
  areChangeRows(part[3], nodes) &&
  is.isList(part[4], LIMITS.itemsPerRequest, is.isItemKey);

const isException = (value: unknown, nodes: number): boolean =>
  is.isRow(value, 3, 4) &&
  is.isUint(value[0]) &&
  (value[1] === null || isErrorCode(value[1])) &&
  (value[2] === null || isChangeRow(value[2], nodes)) &&
  (is.isAbsent(value[3]) || is.isUint(value[3]));

/** Ops named by the spans, or -1 when a span is malformed. */
function opsInSpans(spans: unknown): number {
  if (!is.isRow(spans, 0, LIMITS.rowsPerReply)) return -1;
  let ops = 0;
  for (let i = 0; i < spans.length; i++) {
    const span: unknown = spans[i];
    if (
      !is.isRow(span, 3, 3) ||
      !is.isUint(span[0]) ||
      !among(span[1], 1, LIMITS.rowsPerReply) ||
      !among(span[2], 0, 4)
    ) {
      return -1;
    }
    ops += span[1] as number;
  }
  return ops;
}

function isPairsOfPositions(value: unknown, pairs: number): boolean {
  if (!Array.isArray(value) || value.length !== 2 * pairs) return false;
  for (let i = 0; i < value.length; i += 2) if (!is.isPid(value[i]) || !is.isUint(value[i + 1])) return false;
  return true;
}

function isOps(m: Candidate): boolean {
  const { maps, rows } = m;
  if (
    !is.isSession(m.session) ||
    !is.isUint(m.settledBelow) ||
    !is.isIncarnation(m.incarnation) ||
    !among(m.concern, 0, 4) ||
    !is.isList(maps, LIMITS.mapsPerFrame, is.isMapName) ||
    !Array.isArray(rows) ||
    rows.length > LIMITS.opsPerFrame
  ) {
    return false;
  }
  const tableLength = lengthOf(maps);
  for (let i = 0; i < rows.length; i++) if (!isOpRow(rows[i], tableLength)) return false;
  return true;
}

function isServerLimits(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 3) return false;
  const given = value as Readonly<Record<string, unknown>>;
  return is.isUint(given.opsPerFrame) && is.isUint(given.frameBytes) && is.isUint(given.seqWindow);
}

const guards: Readonly<Record<MessageType, Guard>> = {
  PING: (m) => is.isUint(m.id) && opt(m.t, is.isUint),
  PONG: (m) => is.isUint(m.id) && opt(m.serverTime, is.isUint),

  AUTH: (m) =>
    pair(m.versions, is.isUint, is.isUint) &&
    is.isClientId(m.clientId) &&
    isSessions(m.sessions, LIMITS.sessionsPerAuth) &&
    opt(m.token, (v) => is.isText(v, LIMITS.tokenChars)) &&
    opt(m.incarnation, is.isIncarnation) &&
    opt(m.agent, (v) => is.isText(v, LIMITS.agentChars)),
  SESSIONS: (m) => isSessions(m.sessions, LIMITS.sessionsPerConnection),
  SESSION_END: (m) => is.isSession(m.session),
  OPS: isOps,
  SYNC_INIT: (m) =>
    is.isUint(m.req) && is.isMapName(m.map) && KINDS.includes(m.kind as never) && is.isUint(m.root),
  MERKLE_REQ: (m) =>
    is.isUint(m.req) &&
    is.isMapName(m.map) &&
    is.isList(
      m.nodes,
      LIMITS.merkleNodesPerRequest,
      (node) => is.isRow(node, 3, 3) && is.isPid(node[0]) && is.isMerklePath(node[1]) && is.isUint(node[2]),
    ),
  ROWS_REQ: (m) =>
    is.isUint(m.req) &&
    is.isMapName(m.map) &&
    is.isList(m.items, LIMITS.itemsPerRequest, (item) => pair(item, is.isPid, is.isItemKey)),
  SYNC_END: (m) => is.isMapName(m.map),
  QUERY_SUB: (m) =>
    is.isQueryId(m.query) &&
    is.isMapName(m.map) &&
    opt(m.where, isPredicate) &&
    opt(m.sort, (v) =>
      is.isList(v, LIMITS.sortTerms, (term) =>
        pair(
          term,
          (path) => typeof path === 'string' && is.charsWithin(path, LIMITS.sortPathChars),
          (direction) => direction === 'asc' || direction === 'desc',
        ),
      ),
    ) &&
    opt(m.limit, (v) => among(v, 1, LIMITS.queryRows)),
  QUERY_UNSUB: (m) => is.isQueryId(m.query),
  TOPIC_SUB: (m) => is.isTopic(m.topic),
  TOPIC_UNSUB: (m) => is.isTopic(m.topic),
  TOPIC_PUB: (m) => is.isTopic(m.topic),

  AUTH_ACK: (m) =>
    is.isUint(m.version) &&
    is.isUint(m.serverTime) &&
    is.isIncarnation(m.incarnation) &&
    is.isText(m.userId, LIMITS.userIdChars) &&
    is.isUint(m.heartbeatMs) &&
    isServerLimits(m.limits),
  OP_ACK: (m) =>
    is.isSession(m.session) &&
    among(m.level, 1, 4) &&
    is.isUint(m.epoch) &&
    isPairsOfPositions(m.pos, opsInSpans(m.spans)) &&
    opt(m.nodes, isNodeTable) &&
    opt(m.ex, (v) =>
      is.isList(v, LIMITS.rowsPerReply, (exception) => isException(exception, lengthOf(m.nodes))),
    ),
  SERVER_EVENT: (m) => is.isMapName(m.map) && withNodes(m, m.parts, PARTITION_COUNT, isEventPart),
  SYNC_ROOT: (m) =>
    is.isUint(m.req) &&
    is.isMapName(m.map) &&
    is.isUint(m.root) &&
    isPositions(m.at) &&
    opt(m.parts, (v) => is.isList(v, PARTITION_COUNT, (part) => pair(part, is.isPid, is.isUint))),
  MERKLE_RESP: (m) =>
    is.isUint(m.req) &&
    is.isMapName(m.map) &&
    withNodes(m, m.parts, LIMITS.merkleNodesPerRequest, isMerklePart),
  ROWS_RESP: (m) =>
    is.isUint(m.req) && is.isMapName(m.map) && withNodes(m, m.parts, PARTITION_COUNT, isRowsPart),
  QUERY_RESP: (m) =>
    is.isQueryId(m.query) &&
    m.v === 0 &&
    typeof m.last === 'boolean' &&
    is.isUint(m.part) &&
    withNodes(
      m,
      m.rows,
      LIMITS.queryRows,
      (row, nodes) =>
        is.isRow(row, 3, 3) && is.isPid(row[0]) && is.isUint(row[1]) && isChangeRow(row[2], nodes),
    ),
  QUERY_UPDATE: (m) =>
    is.isQueryId(m.query) &&
    is.isUint(m.v) &&
    withNodes(
      m,
      m.changes,
      LIMITS.rowsPerReply,
      (row, nodes) =>
        is.isRow(row, 4, 4) &&
        among(row[0], 0, 2) &&
        is.isPid(row[1]) &&
        is.isUint(row[2]) &&
        isChangeRow(row[3], nodes),
    ),
  TOPIC_MSG: (m) => is.isTopic(m.topic) && is.isText(m.from, LIMITS.userIdChars) && is.isUint(m.ts),
  GC_PRUNE: (m) => is.isMapName(m.map) && isPositions(m.at),
  SHUTDOWN: (m) => is.isUint(m.reconnectInMs),
  ERROR: (m) =>
    isErrorCode(m.code) &&
    typeof m.message === 'string' &&
    is.charsWithin(m.message, LIMITS.errorMessageChars) &&
    opt(m.req, is.isUint) &&
    opt(m.path, (v) => is.isText(v, LIMITS.errorPathChars)) &&
    opt(m.retryAfterMs, is.isUint) &&
    opt(m.serverTime, is.isUint) &&
    opt(m.ref, (v) => is.isText(v, LIMITS.refChars)),
};

/** True when every field of the candidate is what its message says. */
export function isMessage(candidate: Candidate): candidate is Candidate & Message {
  return guards[candidate.type](candidate);
}
