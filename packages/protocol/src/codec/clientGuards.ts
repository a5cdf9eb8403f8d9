/** What a client may send, field by field, in the order of the wire: run by servers on every frame. */
import * as LIMITS from '../limits.js';
import { KINDS } from '../messages/constants.js';
import type { ClientMessage } from '../messages/types.js';
import * as is from './checks.js';
import { areOpRows } from './opRows.js';
import { isPredicate } from './predicate.js';
import type { Guards } from './readFrame.js';
import { pingGuards } from './readFrame.js';

const { list, tuple, within } = is;

const sessions = (max: number): is.Check => list(max, is.isSession);
const sortTerm = tuple(
  (path) => typeof path === 'string' && is.charsWithin(path, LIMITS.sortPathChars),
  (direction) => direction === 'asc' || direction === 'desc',
);

export const clientGuards: Guards<ClientMessage> = {
  ...pingGuards,
  AUTH: {
    versions: tuple(is.isUint, is.isUint),
    clientId: is.isClientId,
    sessions: sessions(LIMITS.sessionsPerAuth),
    token: is.text(LIMITS.tokenChars),
    incarnation: is.isIncarnation,
    agent: is.text(LIMITS.agentChars),
  },
  SESSIONS: { sessions: sessions(LIMITS.sessionsPerConnection) },
  SESSION_END: { session: is.isSession },
  OPS: {
    session: is.isSession,
    settledBelow: is.isUint,
    incarnation: is.isIncarnation,
    concern: within(0, 4),
    maps: list(LIMITS.mapsPerFrame, is.isMapName),
    rows: (rows, { maps }) => areOpRows(rows, (maps as readonly unknown[]).length),
  },
  SYNC_INIT: {
    req: is.isUint,
    map: is.isMapName,
    kind: (kind) => KINDS.includes(kind as never),
    root: is.isUint,
  },
  MERKLE_REQ: {
    req: is.isUint,
    map: is.isMapName,
    nodes: list(LIMITS.merkleNodesPerRequest, tuple(is.isPid, is.isMerklePath, is.isUint)),
  },
  ROWS_REQ: {
    req: is.isUint,
    map: is.isMapName,
    items: list(LIMITS.itemsPerRequest, tuple(is.isPid, is.isItemKey)),
  },
  SYNC_END: { map: is.isMapName },
  QUERY_SUB: {
    query: is.isQueryId,
    map: is.isMapName,
    where: isPredicate,
    sort: list(LIMITS.sortTerms, sortTerm),
    limit: within(1, LIMITS.queryRows),
  },
  QUERY_UNSUB: { query: is.isQueryId },
  TOPIC_SUB: { topic: is.isTopic },
  TOPIC_UNSUB: { topic: is.isTopic },
  TOPIC_PUB: { topic: is.isTopic, data: is.anything },
};
