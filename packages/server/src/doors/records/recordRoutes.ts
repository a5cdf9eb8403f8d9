import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import type { ServerEngine } from '../../engine/ServerEngine.js';
import type { RequestPeers } from '../../RequestPeers.js';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { HttpAnswer, HttpRequest, Route } from '../Route.js';
import type { WriteResult } from './opResults.js';
import { opsOf, transactionOf, type WriteRequest, writeIn } from './opRows.js';
import { answerOf, questionIn, readRecord } from './reads.js';
import { malformed, retryAfter, statusOf, toldByEngine, unavailable } from './refusals.js';
import { identityOf, perform } from './writes.js';

/** What the doors of records ask of the server; undefined while it does not run. */
export interface RecordParts {
  readonly engine: () => Pick<ServerEngine, 'inspector' | 'stamp'> | undefined;
  readonly peers: () => RequestPeers | undefined;
  readonly wallMs: () => number;
}

/** What a request is answered by. */
interface Asked {
  readonly engine: Pick<ServerEngine, 'inspector' | 'stamp'>;
  readonly peers: RequestPeers;
  readonly principal: Principal;
  readonly request: HttpRequest;
  readonly nowMs: () => number;
}

const putSchema = z.strictObject({ value: z.unknown(), ttlMs: z.unknown(), base: z.unknown() });
const batchSchema = z.strictObject({
  ops: z.array(z.unknown()).min(1).max(LIMITS.opsPerFrame),
  atomic: z.boolean().default(false),
});

/** `/api/records` and `/api/query`: reads and writes of back ends, each as a client's (REC-1 to REC-10). */
export function recordRoutes(parts: RecordParts): Route[] {
  const route = (
    method: Route['method'],
    path: string,
    answer: (asked: Asked) => Promise<HttpAnswer>,
  ): Route => ({
    method,
    path,
    access: 'user',
    answer: (request) =>
      toldByEngine(async () => {
        const engine = parts.engine();
        const peers = parts.peers();
        const { principal } = request;
        if (engine === undefined || peers === undefined || principal === undefined) throw unavailable();
        return answer({ engine, peers, principal, request, nowMs: parts.wallMs });
      }),
  });
  return [
    route('GET', '/api/records/*', get),
    route('PUT', '/api/records/*', put),
    route('DELETE', '/api/records/*', remove),
    route('POST', '/api/records/*', change),
    route('POST', '/api/records', batch),
    route('POST', '/api/query', query),
  ];
}

async function get({ engine, peers, principal, request, nowMs }: Asked): Promise<HttpAnswer> {
  const { map, key } = placeIn(request);
  return peers.serve(identityOf(principal, request.remote), async () =>
    readRecord(engine.inspector, principal, map, key, nowMs()),
  );
}

async function put(asked: Asked): Promise<HttpAnswer> {
  const place = placeIn(asked.request);
  const body = putSchema.partial().safeParse(await asked.request.json(LIMITS.recordBodyBytes));
  if (!body.success) throw malformed('The body is not { value, ttlMs?, base? }.');
  return single(asked, writeIn({ op: 'set', ...place, ...body.data }, 'The body'));
}

async function remove(asked: Asked): Promise<HttpAnswer> {
  const base = asked.request.query.get('base');
  return single(
    asked,
    writeIn({ op: 'remove', ...placeIn(asked.request), ...(base !== null && { base }) }, 'It'),
  );
}

/** One op of any kind on the map and key of the path. */
async function change(asked: Asked): Promise<HttpAnswer> {
  const place = placeIn(asked.request);
  const body = await asked.request.json(LIMITS.recordBodyBytes);
  if (typeof body !== 'object' || body === null) throw malformed('The body is not { op, … }.');
  return single(asked, writeIn({ ...body, ...place }, 'The body'));
}

async function single(
  { engine, peers, principal, request, nowMs }: Asked,
  write: WriteRequest,
): Promise<HttpAnswer> {
  const table = () => opsOf([write], () => engine.stamp(nowMs()));
  const [result] = await perform(peers, principal, request, table);
  return answerWith(result as WriteResult);
}

async function batch({ engine, peers, principal, request, nowMs }: Asked): Promise<HttpAnswer> {
  const body = batchSchema.safeParse(await request.json(LIMITS.recordBodyBytes));
  if (!body.success) throw malformed(`The body is not { ops, atomic? } with 1 to ${LIMITS.opsPerFrame} ops.`);
  const { ops, atomic } = body.data;
  const writes = ops.map((op, at) => writeIn(op, `ops.${at}`));
  const stamp = () => engine.stamp(nowMs());
  const table = () => (atomic ? transactionOf(writes, stamp) : opsOf(writes, stamp));
  const results = await perform(peers, principal, request, table);
  if (!atomic) return { status: 200, body: { results } };
  return answerWith(results[0] as WriteResult);
}

async function query({ engine, peers, principal, request, nowMs }: Asked): Promise<HttpAnswer> {
  const json = await request.json(LIMITS.recordBodyBytes);
  const question = questionIn(engine.inspector, json, nowMs());
  return peers.serve(identityOf(principal, request.remote), (peer) => answerOf(peer, question, nowMs));
}

/** An answer that has one result says in its status what became of it (REC-6). */
function answerWith(result: WriteResult): HttpAnswer {
  if (result.outcome !== 'rejected') return { status: 200, body: result };
  const status = statusOf(result.code);
  return { status, headers: retryAfter(status, result.retryAfterMs), body: result };
}

/** Map and key of a path, each encoded as a whole. Throws 400. */
function placeIn({ rest }: HttpRequest): { readonly map: string; readonly key: string } {
  const parts = rest.split('/');
  if (parts.length !== 2)
    throw malformed('The path is not /api/records/<map>/<key>: encode slashes in them as %2F.');
  try {
    const [map = '', key = ''] = parts.map(decodeURIComponent);
    return { map, key };
  } catch {
    throw malformed('The map or the key in the path is not UTF-8.');
  }
}
