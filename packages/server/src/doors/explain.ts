import { explainText, type QueryFilter, TopGunError } from '@topgun/core';
import * as z from 'zod';
import type { QueryInspector } from '../engine/indexes/QueryInspector.js';
import type { Principal } from '../security/PermissionPolicy.js';
import type { HttpAnswer, Route } from './Route.js';

/** The rest is checked where queries are. */
const questionSchema = z.strictObject({
  map: z.string().min(1),
  where: z.record(z.string(), z.unknown()).optional(),
  sort: z.unknown().optional(),
  limit: z.unknown().optional(),
});

export interface ExplainParts {
  readonly inspector: () => QueryInspector | undefined;
  readonly wallMs: () => number;
}

/** `/api/explain?query=`: for an ADMIN who may read all of the map (QRY-8). */
export function explainRoutes(parts: ExplainParts): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/explain',
      access: 'admin',
      answer: ({ principal, query }) => explain(parts, principal, query.get('query') ?? ''),
    },
  ];
}

/** `query` is JSON of `{ map, where?, sort?, limit? }`, as apps write a query. */
function explain(parts: ExplainParts, principal: Principal | undefined, query: string): HttpAnswer {
  const inspector = parts.inspector();
  if (principal === undefined) return { status: 401, body: { code: 'AUTH_REQUIRED' } };
  if (inspector === undefined) return { status: 503, body: { code: 'UNAVAILABLE' } };
  const question = questionSchema.safeParse(parse(query));
  if (!question.success) {
    const remedy = 'Ask with ?query= and JSON of { map, where?, sort?, limit? }.';
    return { status: 400, body: { code: 'QUERY_INVALID', message: 'The query is none.', remedy } };
  }
  const { map, ...filter } = question.data;
  try {
    const inspected = inspector.explain(principal, map, filter as QueryFilter, parts.wallMs());
    if ('refused' in inspected) return { status: 403, body: { code: inspected.refused } };
    if ('retryAfterMs' in inspected) return { status: 503, body: { code: 'UNAVAILABLE', ...inspected } };
    return { status: 200, body: { map, text: explainText(inspected.explanation), ...inspected } };
  } catch (error) {
    if (!(error instanceof TopGunError)) throw error;
    const { code, message, remedy } = error;
    return { status: 400, body: { code, message, remedy } };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told like any other text that is no query.
    return undefined;
  }
}
