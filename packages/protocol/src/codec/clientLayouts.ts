/** What a client may send, field by field, in the order of the wire: run by servers on every frame. */
import * as LIMITS from '../limits.js';
import { KINDS } from '../messages/constants.js';
import type { ClientMessage } from '../messages/types.js';
import {
  anything,
  binary,
  type Check,
  charsWithin,
  hashes,
  isAbsent,
  isClientId,
  isIncarnation,
  isMapName,
  isMerklePath,
  isMessageId,
  isPid,
  isQueryId,
  isSession,
  isTopic,
  isTopicEpoch,
  isUint,
  list,
  text,
  tuple,
  within,
} from './checks.js';
import { allClientFields, layoutsOf } from './layouts.js';
import { areOpRows } from './opRows.js';
import { isPredicate } from './predicate.js';
import { isRowPosition } from './rowPosition.js';

const sessions = (max: number): Check => list(max, isSession);
const sortTerm = tuple(
  (path) => typeof path === 'string' && charsWithin(path, LIMITS.sortPathChars),
  (direction) => direction === 'asc' || direction === 'desc',
);

export const clientLayouts = layoutsOf<ClientMessage>(allClientFields, {
  PING: { id: isUint, t: isUint },
  PONG: { id: isUint, serverTime: isUint },
  AUTH: {
    versions: tuple(isUint, isUint),
    clientId: isClientId,
    sessions: sessions(LIMITS.sessionsPerAuth),
    token: text(LIMITS.tokenChars),
    incarnation: isIncarnation,
    agent: text(LIMITS.agentChars),
  },
  SESSIONS: { sessions: sessions(LIMITS.sessionsPerConnection) },
  SESSION_END: { session: isSession },
  OPS: {
    session: isSession,
    settledBelow: isUint,
    incarnation: isIncarnation,
    concern: within(0, 4),
    maps: list(LIMITS.mapsPerFrame, isMapName),
    rows: (rows, { maps }) => areOpRows(rows, (maps as readonly unknown[]).length),
  },
  SYNC_INIT: {
    req: isUint,
    map: isMapName,
    kind: (kind) => KINDS.includes(kind as never),
    root: isUint,
    cursor: binary(LIMITS.proofBytes, LIMITS.cursorBytes),
  },
  MERKLE_REQ: {
    req: isUint,
    map: isMapName,
    nodes: list(
      LIMITS.merkleNodesPerRequest,
      tuple(isPid, isMerklePath, (children) => children === null || hashes(16)(children)),
    ),
    query: isQueryId,
  },
  ROWS_REQ: {
    req: isUint,
    map: isMapName,
    items: list(LIMITS.itemsPerRequest, tuple(isPid, isMerklePath, hashes(LIMITS.itemsPerRequest, 1))),
    query: isQueryId,
  },
  SYNC_END: { map: isMapName },
  QUERY_SUB: {
    query: isQueryId,
    map: isMapName,
    where: isPredicate,
    sort: list(LIMITS.sortTerms, sortTerm),
    limit: within(1, LIMITS.queryRows),
    root: isUint,
    after: (position, { sort }) => isRowPosition(position, sort),
    before: (position, { sort, after }) => isAbsent(after) && isRowPosition(position, sort),
  },
  QUERY_UNSUB: { query: isQueryId },
  TOPIC_SUB: {
    topic: isTopic,
    since: tuple(isTopicEpoch, isUint),
    last: within(0, LIMITS.topicHistory),
    state: anything,
  },
  TOPIC_UNSUB: { topic: isTopic },
  TOPIC_PUB: { topic: isTopic, data: anything, id: isMessageId, name: text(LIMITS.eventNameChars) },
  CLUSTER_SUB: { req: isUint },
});
