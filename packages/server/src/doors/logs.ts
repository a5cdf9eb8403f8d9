import type { LogTail } from '../utils/LogTail.js';
import { HttpRefusal, type Route } from './Route.js';

const WAIT_MS_MAX = 25_000;
const LINES_MAX = 1_000;

/**
 * `GET /api/logs?after=0&limit=200&waitMs=0`: the last lines of the log, for ADMINs (OBS-34). With `waitMs` it answers when there is a line
 * after `after`, or when the time is over.
 */
export function logRoutes(tail: LogTail): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/logs',
      access: 'admin',
      answer: async ({ query }) => {
        const after = numberOf(query, 'after', 0, Number.MAX_SAFE_INTEGER);
        const limit = numberOf(query, 'limit', 200, LINES_MAX);
        const waitMs = numberOf(query, 'waitMs', 0, WAIT_MS_MAX);
        if (waitMs > 0 && !(await tail.wait(after, waitMs)))
          throw new HttpRefusal(503, {
            code: 'LIMIT',
            remedy: 'Too many wait for lines: ask without waitMs.',
          });
        const { lines, ...rest } = tail.after(after, limit);
        const parsed = lines.map(({ n, line }) => ({ n, ...(JSON.parse(line) as object) }));
        return { status: 200, body: { ...rest, lines: parsed } };
      },
    },
  ];
}

function numberOf(query: URLSearchParams, name: string, standard: number, max: number): number {
  const text = query.get(name);
  const value = text === null ? standard : Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= max && text !== '') return value;
  throw new HttpRefusal(400, { code: 'BAD_MESSAGE', message: `${name} is a whole number from 0 to ${max}.` });
}
