import type { OperationLog } from '../../debug/OperationLog.js';
import type { QueryInspector } from '../../engine/indexes/QueryInspector.js';
import type { MapReader } from '../../engine/MapReader.js';
import { serverErrors } from '../../errors.js';
import type { Principal } from '../../security/policy/Policy.js';
import { PAGE_BYTES, PAGE_ROWS_MAX, placeIn, placeText, waiting, wholeIn, wrong } from '../export.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from '../Route.js';
import { crdtRow } from './crdtRow.js';
import { formatIn, listAnswer } from './lists.js';
import { merkleOf } from './merkle.js';
import { operationsAnswer, timelineAnswer } from './operations.js';
import { statsOf } from './stats.js';

export interface DebugParts {
  /** undefined where the server may not be looked into (DBG-1) */
  readonly log: OperationLog | undefined;
  /** undefined before the store is loaded */
  readonly inspector: () => QueryInspector | undefined;
  readonly wallMs: () => number;
}

/** What one request is answered from. */
interface Asked {
  readonly log: OperationLog;
  readonly reader: MapReader;
  readonly principal: Principal;
  readonly query: URLSearchParams;
  readonly nowMs: number;
}

/** `/api/debug/crdt/*`: state, operations, conflicts and hashes, for an ADMIN and through the gate (DBG-1, DBG-2). */
export function debugRoutes(parts: DebugParts): Route[] {
  const route = (name: string, answer: (asked: Asked) => HttpAnswer | Promise<HttpAnswer>): Route => ({
    method: 'GET',
    path: `/api/debug/crdt/${name}`,
    access: 'admin',
    answer: (request) => answer(askedOf(parts, request)),
  });
  return [
    route('export', exported),
    route('stats', async ({ reader, log, principal, query }) => ({
      status: 200,
      body: await statsOf(reader, log, principal, query.get('map')),
    })),
    route('conflicts', (asked) => operationsAnswer(asked.log, heard(asked), true)),
    route('operations', (asked) => operationsAnswer(asked.log, heard(asked), false)),
    route('timeline', (asked) => timelineAnswer(asked.log, heard(asked))),
    route('merkle', ({ reader, principal, query }) => {
      const map = mapIn(query);
      if (!reader.readsAll(principal, map)) throw denied(map);
      const state = reader.whole(principal, map);
      if (state === undefined) return { status: 200, body: { map, root: '0', items: 0, partitions: [] } };
      return { status: 200, body: merkleOf(state, query) };
    }),
  ];
}

function askedOf({ log, inspector, wallMs }: DebugParts, { principal, query }: HttpRequest): Asked {
  if (log === undefined) {
    const { remedy } = serverErrors.DEBUG_OFF;
    throw new HttpRefusal(404, { code: 'DEBUG_OFF', message: 'This server may not be looked into.', remedy });
  }
  const reader = inspector()?.maps;
  if (reader === undefined || principal === undefined) throw new HttpRefusal(503, { code: 'UNAVAILABLE' });
  return { log, reader, principal, query, nowMs: wallMs() };
}

/** Rights are looked up once per map and request. */
function heard({ reader, principal, query }: Asked): {
  query: URLSearchParams;
  mayHear: (map: string) => boolean;
} {
  const known = new Map<string, boolean>();
  const mayHear = (map: string): boolean => {
    let may = known.get(map);
    if (may === undefined) {
      may = reader.readsAll(principal, map);
      known.set(map, may);
    }
    return may;
  };
  return { query, mayHear };
}

function exported({ reader, principal, query, nowMs }: Asked): HttpAnswer {
  const map = mapIn(query);
  const question = {
    map,
    after: placeIn(query.get('after')),
    rows: wholeIn('limit', query.get('limit') ?? String(PAGE_ROWS_MAX), 1, PAGE_ROWS_MAX),
    bytes: PAGE_BYTES,
    withDeleted: true,
  };
  const page = reader.page(principal, question, nowMs);
  if ('refused' in page) throw denied(map);
  if ('retryAfterMs' in page) return waiting(page.retryAfterMs);
  const isWhole = reader.readsAll(principal, map);
  const rows = page.rows.map((row) => crdtRow(row, isWhole));
  const next = page.next && placeText(page.next);
  return listAnswer('rows', rows, next, formatIn(query.get('format')), { map, kind: page.kind });
}

function mapIn(query: URLSearchParams): string {
  const map = query.get('map');
  if (map === null || map === '') throw wrong('map', 'the name of a map');
  return map;
}

function denied(map: string): HttpRefusal {
  const remedy = 'Use a token that may read all of the map; the role ADMIN alone is no right to data.';
  return new HttpRefusal(403, { code: 'DENIED', message: `${map} may not be read.`, remedy });
}
