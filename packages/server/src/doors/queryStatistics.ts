import type { QueryStatistics } from '../metrics/QueryStatistics.js';
import type { Route } from './Route.js';

const SHOWN = 50;

/** `GET /api/queries`: the kinds of queries whose first results took most time since the start, for ADMINs (OBS-8). */
export function queryStatisticsRoutes(statistics: QueryStatistics): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/queries',
      access: 'admin',
      answer: () => ({ status: 200, body: { queries: statistics.top(SHOWN) } }),
    },
  ];
}
