import type { KnownData } from '@topgun/sim/internal/oracle/KnownData';
import { MAPS } from '../world.js';

export const SAID_OVER_HTTP = 'said over HTTP';

export interface HttpAsk {
  readonly path: string;
  readonly body?: unknown;
}

/** What is asked of a route of the server, by everybody. */
export interface HttpOutlet {
  /** addresses, the route's own path by default */
  readonly asks?: readonly string[];
  /** JSON to send along */
  readonly body?: unknown;
  /** and what is asked about the rows that there are */
  readonly about?: (data: KnownData) => readonly HttpAsk[];
  /** Root may do it, and would change what the others are asked about. */
  readonly isChange?: true;
  /** An operator gets the whole store through it, which is what it is for; everybody else is judged. */
  readonly isWholeStore?: true;
  /** What was is told, too, to who reads all of a map. */
  readonly isHistory?: true;
}

const question = (map: string): string =>
  encodeURIComponent(JSON.stringify({ map, where: { op: 'gte', path: 'rank', value: 0 } }));
const ofMaps = (ask: (map: string) => string): string[] => MAPS.map(({ name }) => ask(name));

/** Something is asked of each record, counter and element that there is. */
const ofRows =
  (ask: (map: string, key: string, path: string) => HttpAsk) =>
  (data: KnownData): HttpAsk[] =>
    MAPS.flatMap(({ name }) =>
      [...data.rows(name)].map(({ key }) =>
        ask(name, key, `/api/records/${encodeURIComponent(name)}/${encodeURIComponent(key)}`),
      ),
    );
/** What nobody but root may write. */
const VALUE = { owner: 'nobody' };

/** Every route by method and path. One that the server has and that is not named here fails a test (PO-11). */
export const HTTP_OUTLETS: Readonly<Record<string, HttpOutlet>> = {
  'GET /health': {},
  'GET /healthz': {},
  'GET /ready': {},
  'GET /readyz': {},
  'GET /version': {},
  'GET /metrics': {},
  'GET /api/metrics': {},
  'GET /api/status': {},
  'GET /api/connections': {},
  'GET /api/live-queries': {},
  'GET /api/admin/cluster': {},
  'POST /api/admin/cluster/drain': { body: { node: 'none' } },
  'POST /api/admin/cluster/rebalance': {},
  'GET /ws': {},
  'GET /api/websockets': {},
  'GET /api/queries': {},
  'GET /api/explain': {
    asks: ['/api/explain?query=nonsense', ...ofMaps((map) => `/api/explain?query=${question(map)}`)],
  },
  'GET /api/export': {
    asks: [
      '/api/export',
      ...ofMaps((map) => `/api/export?map=${encodeURIComponent(map)}`),
      '/api/export?map=notes&limit=2',
    ],
  },
  'GET /api/debug/crdt/export': {
    asks: ofMaps((map) => `/api/debug/crdt/export?map=${encodeURIComponent(map)}`),
  },
  'GET /api/debug/crdt/stats': { isHistory: true },
  'GET /api/debug/crdt/conflicts': { isHistory: true },
  'GET /api/debug/crdt/operations': { isHistory: true },
  'GET /api/debug/crdt/timeline': { asks: ['/api/debug/crdt/timeline?map=notes'], isHistory: true },
  'GET /api/debug/crdt/merkle': {
    asks: ofMaps((map) => `/api/debug/crdt/merkle?map=${encodeURIComponent(map)}`),
  },
  'POST /api/backup': {},
  'GET /api/backup': { isWholeStore: true },
  'GET /api/backup/*': { asks: ['/api/backup/none', '/api/backup/none/data'], isWholeStore: true },
  'DELETE /api/backup/*': { asks: ['/api/backup/none'] },
  'GET /api/auth/status': {},
  'POST /api/auth/login': { body: { name: 'nobody', password: 'wrong' } },
  'POST /api/auth/setup': { body: { token: 'wrong', name: 'nobody', password: 'wrong' } },
  'POST /api/auth/refresh': {},
  'POST /api/auth/logout': {},
  'POST /api/auth/revoke': { body: {} },
  'POST /webhooks/*': { asks: ['/webhooks/shop?tenant=acme'], body: { tenant_id: 'acme' } },
  'GET /api/webhooks': {},
  'POST /api/webhooks': { body: { url: 'none' } },
  'GET /api/webhooks/dead': {},
  'POST /api/webhooks/*': { asks: ['/api/webhooks/none/secret', '/api/webhooks/dead/none/replay'] },
  'DELETE /api/webhooks/*': { asks: ['/api/webhooks/none'] },
  'GET /api/policies': {},
  'PUT /api/policies': { body: { policies: 'none' } },
  'POST /api/policies/test': {
    body: { as: { sub: 'ann', roles: ['user'] }, map: 'notes', action: 'READ', key: 'k' },
  },
  'GET /api/denials': {},
  'POST /api/topics/*': { asks: ['/api/topics/news'], body: { data: SAID_OVER_HTTP } },
  'GET /api/topics/*': { asks: ['/api/topics/room/a?limit=1000', '/api/topics/news'] },
  'GET /api/records/*': { asks: ['/api/records/notes/none'], about: ofRows((_, __, path) => ({ path })) },
  'POST /api/query': {
    body: { map: 'notes', where: { rank: { $gte: 0 } }, sort: { rank: 'desc' }, limit: 2 },
    about: () =>
      MAPS.flatMap(({ name: map }) => [
        { path: '/api/query', body: { map } },
        { path: '/api/query', body: { map, where: { secret: { $exists: true } } } },
      ]),
  },
  'PUT /api/records/*': {
    asks: ['/api/records/closed/none'],
    body: { value: VALUE },
    about: ofRows((_, __, path) => ({ path, body: { value: VALUE } })),
    isChange: true,
  },
  'POST /api/records/*': {
    asks: ['/api/records/closed/none'],
    body: { op: 'increment', by: 1 },
    about: ofRows((_, __, path) => ({ path, body: { op: 'increment', by: 1 } })),
    isChange: true,
  },
  'POST /api/records': {
    body: { ops: [{ op: 'add', map: 'tags', key: 'none', value: VALUE }] },
    about: (data) => [
      {
        path: '/api/records',
        body: {
          ops: ofRows((map, key) => ({ path: map, body: key }))(data).map(({ path: map, body: key }) => ({
            op: 'set',
            map,
            key,
            value: VALUE,
          })),
        },
      },
    ],
    isChange: true,
  },
  'DELETE /api/records/*': {
    asks: ['/api/records/closed/none'],
    about: ofRows((_, __, path) => ({ path })),
    isChange: true,
  },
  'GET /api/presence/*': { asks: ['/api/presence/room/none'] },
  'PUT /api/presence/*': { asks: ['/api/presence/room/none'], body: { state: null } },
  'DELETE /api/presence/*': { asks: ['/api/presence/room/none'] },
  // Where the bridge is on; refusals alone, as for events.
  'GET /bridge/events': { asks: ['/bridge/events', '/bridge/events?client_id=none'] },
  'POST /bridge/message': { asks: ['/bridge/message?client_id=none'] },
  'POST /bridge/verify': { body: { client_id: 'none', url: 'none' } },
  // Refusals alone: a stream has no end, and is read in the cases of the doors (PO-13).
  'GET /events/subscribe': { asks: ['/events/subscribe', '/events/subscribe?streams=a%20b'] },
  'GET /events/stats': {},
  'GET /api/logs': { asks: ['/api/logs?after=0'] },
};
