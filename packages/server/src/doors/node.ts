import { LIMITS } from '@topgun/protocol';
import type { NodeView } from '../engine/NodeView.js';
import { HttpRefusal, type HttpRequest, type Route } from './Route.js';

export interface NodeParts {
  readonly lists: () => NodeView | undefined;
  /** every metric as data */
  readonly metrics: () => Promise<unknown>;
}

/** `/api/connections`, `/api/live-queries` and `/api/metrics`: what is going on at this node, for the role ADMIN (ADM-2). */
export function nodeRoutes(parts: NodeParts): Route[] {
  const admin = (path: string, answer: (lists: NodeView, limit: number) => unknown): Route => ({
    method: 'GET',
    path,
    access: 'admin',
    answer: async (request) => {
      const lists = parts.lists();
      if (lists === undefined) throw new HttpRefusal(503, { code: 'UNAVAILABLE' });
      return { status: 200, body: await answer(lists, limitOf(request)) };
    },
  });
  return [
    admin('/api/connections', (lists, limit) => ({ connections: lists.connections(limit) })),
    admin('/api/live-queries', (lists, limit) => ({ queries: lists.queries(limit) })),
    admin('/api/metrics', async () => ({ metrics: await parts.metrics() })),
  ];
}

/** `?limit=`, from 1 to `listedMax`. */
function limitOf({ query }: HttpRequest): number {
  const limit = Number(query.get('limit') ?? LIMITS.listedMax);
  return Number.isInteger(limit) && limit > 0 ? Math.min(limit, LIMITS.listedMax) : LIMITS.listedMax;
}
