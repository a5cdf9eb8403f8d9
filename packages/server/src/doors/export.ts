import type { QueryInspector } from '../engine/indexes/QueryInspector.js';
import { FIRST_PLACE, type Place } from '../engine/MapReader.js';
import { exportRow } from '../export/exportRow.js';
import type { Principal } from '../security/PermissionPolicy.js';
import { type HttpAnswer, HttpRefusal, type Route } from './Route.js';

/** What a page looks at, and about what it holds. */
export const PAGE_ROWS_MAX = 5_000;
export const PAGE_BYTES = 1024 * 1024;

export interface ExportParts {
  /** undefined before the store is loaded */
  readonly inspector: () => QueryInspector | undefined;
  readonly wallMs: () => number;
}

/** `/api/export`: the maps that the asker may read, and with `?map=` a page of the rows of one (EXP-4). */
export function exportRoutes(parts: ExportParts): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/export',
      access: 'user',
      answer: ({ principal, query }) => answer(parts, principal, query),
    },
  ];
}

function answer(parts: ExportParts, principal: Principal | undefined, query: URLSearchParams): HttpAnswer {
  const reader = parts.inspector()?.maps;
  if (principal === undefined || reader === undefined) throw new HttpRefusal(503, { code: 'UNAVAILABLE' });
  const map = query.get('map');
  if (map === null) return { status: 200, body: { maps: reader.readable(principal) } };
  const question = {
    map,
    after: placeIn(query.get('after')),
    rows: rowsIn(query.get('limit')),
    bytes: PAGE_BYTES,
  };
  const page = reader.page(principal, question, parts.wallMs());
  if ('refused' in page)
    throw new HttpRefusal(403, {
      code: page.refused,
      message: `${map} may not be read.`,
      remedy: 'Use a token that may.',
    });
  if ('retryAfterMs' in page) return waiting(page.retryAfterMs);
  const rows = page.rows.map(({ row, seen }) => exportRow(row, seen));
  return { status: 200, body: { map, kind: page.kind, rows, next: page.next && placeText(page.next) } };
}

/** The node has looked at enough rows for now. */
export function waiting(retryAfterMs: number): HttpAnswer {
  const headers = { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) };
  return { status: 503, body: { code: 'UNAVAILABLE', retryAfterMs }, headers };
}

export const placeText = ({ pid, epoch, n }: Place): string => `${pid}.${epoch}.${n}`;

/** Throws 400. */
export function placeIn(text: string | null): Place {
  if (text === null) return FIRST_PLACE;
  const [, pid, epoch, n] = /^(\d{1,3})\.(\d{1,16})\.(\d{1,16})$/.exec(text) ?? [];
  if (pid === undefined) throw wrong('after', 'what `next` of the page before said');
  return { pid: Number(pid), epoch: Number(epoch), n: Number(n) };
}

function rowsIn(text: string | null): number {
  return text === null ? PAGE_ROWS_MAX : wholeIn('limit', text, 1, PAGE_ROWS_MAX);
}

/** Throws 400. */
export function wholeIn(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw wrong(name, `a whole number from ${min} to ${max}`);
}

export function wrong(name: string, allowed: string): HttpRefusal {
  const message = `The parameter ${name} is not what it may be.`;
  return new HttpRefusal(400, { code: 'BAD_MESSAGE', message, remedy: `Allowed: ${allowed}.` });
}
