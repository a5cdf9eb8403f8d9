import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { partitionOf } from '@topgun/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OperationLog } from '../../debug/OperationLog.js';
import { TestNode } from '../../engine/testing/TestNode.js';
import type { Policy } from '../../security/policy/Policy.js';
import { HttpRouter } from '../HttpRouter.js';
import { listen } from '../listen.js';
import { type DebugParts, debugRoutes } from './debugRoutes.js';

const POLICIES: readonly Policy[] = [
  { role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
  { role: 'all', map: '**', actions: ['READ'] },
  { role: 'some', map: 'open', actions: ['READ'] },
  {
    role: 'some',
    map: 'notes',
    actions: ['READ'],
    where: { op: 'eq', path: 'open', value: true },
    fields: ['open'],
  },
];
const log = new OperationLog({ withValues: true });
const node: TestNode = new TestNode({
  policies: POLICIES,
  decided: (op, entry) => log.add(op, entry, node.now),
});
const servers: Server[] = [];
let url: string;
let closedUrl: string;

async function serve(parts: Partial<DebugParts> = {}): Promise<string> {
  const routes = debugRoutes({
    log,
    inspector: () => node.engine.inspector,
    wallMs: () => node.now,
    ...parts,
  });
  const router = new HttpRouter({
    routes,
    principalOf: async (token) =>
      token === undefined ? undefined : { sub: 'ann', roles: token.split('-'), claims: {} },
    loopbackOnly: false,
    watch: {
      begin: () => ({ requestId: 'r', route: 'none', remote: '', answered: () => undefined }),
      failed: (_, error) => {
        throw error;
      },
    },
  });
  const server = createServer(router.listener);
  servers.push(server);
  return `http://127.0.0.1:${(await listen(server, '127.0.0.1', 0)).port}/api/debug/crdt`;
}

beforeAll(async () => {
  const device = node.device('ann');
  device.put('notes', 'a', { open: true, text: 'canary' });
  device.put('notes', 'b', { open: false, text: 'canary' });
  device.put('notes', 'gone', 1);
  device.put('open', 'x', { n: 7n });
  device.add('tags', 'k', 'canary');
  device.increment('likes', 'likes', 3);
  node.settle();
  node.now += 60_000;
  device.remove('notes', 'gone');
  const other = node.device('ben');
  other.putOn([0, 1, 'x'], 'open', 'x', { n: 8n });
  node.settle();
  url = await serve();
  closedUrl = await serve({ log: undefined });
});
afterAll(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
});

const get = (path: string, token?: string, base = url): Promise<Response> =>
  fetch(`${base}/${path}`, { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } });
const json = async (path: string, token = 'ADMIN-all'): Promise<Record<string, unknown>> => {
  const answer = await get(path, token);
  return { status: answer.status, ...((await answer.json()) as object) };
};

describe('the debug doors', () => {
  it('[DBG-1] are open to an ADMIN only, and to nobody where the setting is off', async () => {
    for (const name of [
      'export?map=notes',
      'stats',
      'conflicts',
      'operations',
      'timeline',
      'merkle?map=notes',
    ]) {
      for (const base of [url, closedUrl]) {
        expect((await get(name, undefined, base)).status).toBe(401);
        expect((await get(name, 'all', base)).status).toBe(403);
      }
      const off = await get(name, 'ADMIN-all', closedUrl);
      expect([off.status, await off.json()]).toMatchObject([404, { code: 'DEBUG_OFF' }]);
      expect((await get(name, 'ADMIN-all')).status).toBe(200);
    }
  });

  it('[DBG-2] no answer tells an ADMIN of what the gate hides', async () => {
    for (const token of ['ADMIN', 'ADMIN-some']) {
      for (const name of [
        'stats',
        'conflicts',
        'operations',
        'timeline',
        'operations?map=tags',
        'export?map=notes',
        'export?map=tags',
        'merkle?map=tags',
        'export?map=notes&format=csv',
        'merkle?map=notes',
        'merkle?map=none',
      ]) {
        const text = await (await get(name, token)).text();
        expect([name, text]).toEqual([name, expect.not.stringMatching(/canary|gone|likes|"text"/)]);
      }
    }
    expect(await json('operations', 'ADMIN-some')).toMatchObject({
      operations: [{ map: 'open' }, { map: 'open' }],
    });
    expect(await json('export?map=notes', 'ADMIN-some')).toMatchObject({
      rows: [{ key: 'a', value: { open: true }, n: expect.any(Number) }],
    });
    expect(await json('merkle?map=notes', 'ADMIN-some')).toMatchObject({ status: 403, code: 'DENIED' });
  });

  it('[DBG-5] operations and conflicts page by number, by map and key', async () => {
    const all = await json('operations');
    expect((all.operations as unknown[]).length).toBe(8);
    expect(all).toMatchObject({ missed: 0, next: '8' });
    const first = await json('operations?map=notes&limit=2');
    expect((first.operations as { key: string }[]).map(({ key }) => key)).toEqual(['a', 'b']);
    const second = await json(`operations?map=notes&after=${String(first.next)}`);
    expect((second.operations as { key: string; op: string }[]).map(({ op }) => op)).toEqual([
      'PUT',
      'REMOVE',
    ]);
    expect(await json(`operations?after=${Number.MAX_SAFE_INTEGER}`)).toMatchObject({
      operations: [],
      next: '8',
    });
    expect((await json('operations?key=x')).operations).toHaveLength(2);
    expect((await json('conflicts')).conflicts).toMatchObject([
      { map: 'open', key: 'x', conflict: 'overwrote', by: 'ben' },
    ]);
    expect(await json('operations?limit=0')).toMatchObject({ status: 400, code: 'BAD_MESSAGE' });
    expect(await json('operations?after=x')).toMatchObject({ status: 400 });
  });

  it('[DBG-5] the timeline counts by outcome in buckets of time', async () => {
    const { buckets } = await json('timeline?bucketMs=60000');
    expect(buckets).toMatchObject([
      { applied: 6, conflicts: 0 },
      { applied: 2, conflicts: 1 },
    ]);
    const later = (buckets as { atMs: number }[])[1]?.atMs ?? 0;
    expect((await json(`timeline?from=${later}&map=notes`)).buckets).toMatchObject([
      { atMs: later, applied: 1 },
    ]);
  });

  it('[DBG-6] statistics count what is there', async () => {
    const { maps, operations } = await json('stats');
    expect(maps).toMatchObject([
      { map: 'likes', kind: 'PN', present: 1 },
      {
        map: 'notes',
        kind: 'LWW',
        present: 2,
        deleted: 1,
        expiring: 0,
        root: node.engine.rootOf('notes').toString(16),
      },
      { map: 'open', present: 1, operations: { applied: 2, conflicts: 1 } },
      { map: 'tags', kind: 'OR', present: 1 },
    ]);
    expect(operations).toMatchObject({ held: 8, last: 8 });
    expect((await json('stats?map=tags')).maps).toHaveLength(1);
  });

  it('[DBG-7] Merkle hashes lead from the root to the digest of an item', async () => {
    const root = await json('merkle?map=notes');
    expect(root).toMatchObject({ root: node.engine.rootOf('notes').toString(16), items: 2 });
    const pid = partitionOf('a');
    const part = (root.partitions as { pid: number; hash: string }[]).find((entry) => entry.pid === pid);
    const below = await json(`merkle?map=notes&pid=${pid}`);
    expect(below).toMatchObject({
      hash: part?.hash,
      digests: expect.arrayContaining([expect.objectContaining({ key: 'a' })]),
    });
    let path = '';
    for (let depth = 0; depth < 6; depth++) {
      const { children } = (await json(`merkle?map=notes&pid=${pid}&path=${path}`)) as {
        children: { path: string; hash: string }[];
      };
      path = children[0]?.path ?? '';
      expect(await json(`merkle?map=notes&pid=${pid}&path=${path}`)).toMatchObject({
        hash: children[0]?.hash,
      });
    }
    expect(await json(`merkle?map=notes&pid=${pid}&path=${path}`)).toMatchObject({ children: [] });
    expect(await json('merkle?map=notes&pid=271')).toMatchObject({ status: 400 });
    expect(await json(`merkle?map=notes&pid=${pid}&path=g`)).toMatchObject({ status: 400 });
    expect((await json(`merkle?map=tags&pid=${partitionOf('k')}`)).digests).toMatchObject([
      { key: 'k', tag: expect.any(String) },
    ]);
  });

  it('[DBG-8] [DBG-9] an export has stamps, offsets and deletions, as JSON, NDJSON or CSV', async () => {
    const { rows } = await json('export?map=notes');
    expect(rows).toHaveLength(3);
    expect((rows as { key: string }[]).find(({ key }) => key === 'gone')).toMatchObject({
      deleted: true,
      owner: 'ann',
    });
    expect((await json('export?map=likes')).rows).toMatchObject([{ total: 3, plus: 3, minus: 0 }]);
    const page = await get('export?map=notes&limit=1&format=ndjson', 'ADMIN-all');
    expect(page.headers.get('TopGun-Next')).toMatch(/^\d+\.\d+\.\d+$/);
    expect(JSON.parse(await page.text())).toMatchObject({ map: 'notes' });
    const csv = await (await get('operations?format=csv', 'ADMIN-all')).text();
    expect(csv.split('\n')[0]).toMatch(/^seq,atMs,map,key,op,outcome/);
    expect(csv.split('\n')).toHaveLength(10);
    expect(await json('operations?format=xml')).toMatchObject({ status: 400 });
    expect(await json('export')).toMatchObject({ status: 400 });
  });
});
