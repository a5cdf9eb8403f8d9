import {
  decodeCursor,
  encodeCursor,
  positionOf,
  type QueryFilter,
  type QuerySpec,
  questionOf,
  rowKey,
} from '@topgun/core';
import {
  LIMITS,
  type QueryRespMessage,
  type QuerySubMessage,
  queryFromJson,
  valueToJson,
} from '@topgun/protocol';
import * as z from 'zod';
import type { QueryInspector } from '../../engine/indexes/QueryInspector.js';
import type { SeenRow } from '../../engine/MapReader.js';
import { bytesOfValue } from '../../engine/sizeOf.js';
import { PeerRefusal, type RequestPeer } from '../../RequestPeers.js';
import type { Principal } from '../../security/PermissionPolicy.js';
import { type HttpAnswer, HttpRefusal } from '../Route.js';
import { frameOf } from './frameOf.js';
import { fromMarks } from './fromMarks.js';
import { type RecordJson, recordOf, seenIn } from './opResults.js';
import { versionOf } from './opRows.js';
import { malformed, unavailable } from './refusals.js';

/** The name of a query within its request. */
const QUERY = 'q';
const PAGE_ROWS = 100;

const questionSchema = z.strictObject({
  map: z.string(),
  where: z.record(z.string(), z.unknown()).optional(),
  predicate: z.unknown().optional(),
  sort: z.unknown().optional(),
  limit: z.int().min(1).max(LIMITS.recordPage).default(PAGE_ROWS),
  after: z.string().optional(),
});

/** The record, counter or elements under a key (REC-3). */
export function readRecord(
  inspector: QueryInspector,
  principal: Principal,
  map: string,
  key: string,
  nowMs: number,
): HttpAnswer {
  const found = inspector.maps.rowsOf(principal, map, key, nowMs);
  if ('retryAfterMs' in found) throw unavailable(found.retryAfterMs);
  if ('refused' in found) throw new PeerRefusal(found.refused);
  const { kind, rows } = found;
  const [first] = rows;
  if (first === undefined)
    throw new HttpRefusal(404, {
      code: 'NOT_FOUND',
      message: 'There is no such record, or none to be seen.',
    });
  if (kind !== 'OR') return { status: 200, body: { key, kind, ...contentOf(first) } };
  const elements = rows.map((row) => ({ tag: row.row.tag, ...contentOf(row) }));
  return { status: 200, body: { key, kind, elements } };
}

function contentOf({ row, seen }: SeenRow) {
  const { t, node, ttlMs } = row;
  return {
    value: valueToJson(seen),
    version: versionOf(t, node),
    ...(ttlMs !== undefined && { ttlMs }),
  };
}

/** A question to a map, checked, and what is asked of the engine for it. */
export interface Question {
  readonly map: string;
  readonly spec: QuerySpec;
  readonly limit: number;
  readonly message: QuerySubMessage;
}

/** Throws 400, and the codes of queries and cursors. */
export function questionIn(inspector: QueryInspector, json: unknown, nowMs: number): Question {
  const parsed = questionSchema.safeParse(json);
  if (!parsed.success)
    throw malformed('The body is not { map, where?, predicate?, sort?, limit? (1 to 1,000), after? }.');
  const { map, limit, after, ...asked } = parsed.data;
  // Checked by it, whatever it is.
  const spec = inspector.specOf(fromMarks(asked, queryFromJson) as QueryFilter);
  const { where, sort } = spec;
  return {
    map,
    spec,
    limit,
    message: {
      type: 'QUERY_SUB',
      query: QUERY,
      map,
      ...(where && { where }),
      ...(sort && { sort }),
      ...(after !== undefined && { after: decodeCursor(after, { map, ...spec }, nowMs) }),
      // One more says whether something follows.
      limit: limit + 1,
    },
  };
}

/** Asks it as a client would (REC-4). Throws PeerRefusal. */
export async function answerOf(
  peer: RequestPeer,
  question: Question,
  nowMs: () => number,
): Promise<HttpAnswer> {
  const { message, bytes } = frameOf(question.message);
  const frames: QueryRespMessage[] = [];
  await peer.ask(message, bytes, (answer) => {
    if (answer.type !== 'QUERY_RESP') return undefined;
    frames.push(answer);
    return answer.last || undefined;
  });
  const rows: RecordJson[] = [];
  let size = 0;
  let hasMore = false;
  for (const { nodes, rows: some } of frames)
    for (const [, , change] of some) {
      hasMore = rows.length === question.limit || size >= LIMITS.recordPageBytes;
      if (hasMore) break;
      const record = recordOf(change, nodes);
      if (record === null) continue;
      rows.push(record);
      size += bytesOfValue(change[5]);
    }
  return {
    status: 200,
    body: { rows, ...(hasMore && { next: cursorAt(question, frames, rows.length, nowMs()) }) },
  };
}

/** Behind the last row of a page, as it stands in the frames: in them values are what they are. */
function cursorAt(
  { map, spec }: Question,
  frames: readonly QueryRespMessage[],
  count: number,
  madeAtMs: number,
): string {
  const [, , [form, key, , , , value, , tag]] = frames.flatMap(({ rows }) => rows)[
    count - 1
  ] as QueryRespMessage['rows'][0];
  const item = tag == null ? key : rowKey(key, tag);
  return encodeCursor({
    question: questionOf(map, spec),
    position: positionOf(spec.sort, item, seenIn(form, value)),
    madeAtMs,
  });
}
