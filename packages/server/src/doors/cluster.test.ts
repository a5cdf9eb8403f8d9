import { PARTITION_COUNT } from '@topgun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterStatus, ClusterView } from '../cluster/ClusterView.js';
import { TableView } from '../cluster/TableView.js';
import { serverError } from '../errors.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { TEST_SECRET, tokenFor } from '../security/testing/tokenFor.js';
import { MemoryStore } from '../storage/MemoryStore.js';
import { type ClusterAnswer, describeCluster } from './cluster.js';

/** Two nodes share the partitions; of the last two one moves to the other node, and one has no owner. */
function twoNodes(change: (view: TableView) => void = () => undefined): ClusterStatus {
  const view = new TableView(['a', 'b']);
  view.owners = view.owners.map((row) => {
    if (row.pid === 269) return { ...row, target: 'a' };
    return row.pid === 270 ? { ...row, node: undefined } : row;
  });
  change(view);
  return view.status();
}

describe('the answer about a cluster', () => {
  it('[CLU-70] counts what each node owns, what moves, and what nobody owns', () => {
    const answer = describeCluster(twoNodes());
    expect(answer).toMatchObject({ node: 'a', coordinator: 'a', mapVersion: 1, unowned: 1, moving: 1 });
    expect(answer.nodes.map(({ name, owned }) => [name, owned])).toEqual([
      ['a', 135],
      ['b', 135],
    ]);
    expect(answer.partitions).toHaveLength(PARTITION_COUNT);
    expect(answer.partitions.slice(268)).toEqual([
      { epoch: 1, node: 'a' },
      { epoch: 1, node: 'b', target: 'a' },
      { epoch: 1, node: null },
    ]);
    expect(answer.degraded).toEqual(['UNOWNED']);
  });

  it.each<[string, (view: TableView) => void, readonly string[]]>([
    ['a node that lives has no link', (view) => view.set('b', { isLinked: false }), ['LINKS']],
    ['one that drains has none', (view) => view.set('b', { isLinked: false, state: 'DRAINING' }), ['LINKS']],
    ['one that joins has none yet', (view) => view.set('b', { isLinked: false, state: 'JOINING' }), []],
    [
      'the database is away',
      (view) => {
        view.faults = ['DATABASE', 'FENCED'];
      },
      ['DATABASE', 'FENCED'],
    ],
  ])('[CLU-70] says what is wrong when %s', (_, change, degraded) => {
    expect(describeCluster(twoNodes(change)).degraded).toEqual([...degraded, 'UNOWNED']);
  });
});

let server: ServerCoordinator | undefined;
afterEach(async () => {
  await server?.shutdown();
  server = undefined;
});

async function serve(cluster?: ClusterView): Promise<void> {
  server = new ServerCoordinator(
    { port: 0, nodeId: 'solo', logLevel: 'silent', drainMs: 50, jwtSecret: TEST_SECRET },
    { store: new MemoryStore(), ...(cluster !== undefined && { cluster }) },
  );
  await server.start();
}

async function ask(method: string, path: string, role?: string, body: unknown = { node: 'b' }) {
  const response = await fetch(`http://127.0.0.1:${server?.port}/api/admin/cluster${path}`, {
    method,
    ...(role !== undefined && { headers: { Authorization: `Bearer ${await tokenFor('ann', role)}` } }),
    ...(method === 'POST' && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('orders to a cluster', () => {
  it('[CLU-71] [CLU-72] are answered with what is to move', async () => {
    const view = new TableView(['a', 'b', 'c']);
    await serve(view);
    const drained = { status: 202, body: { node: 'b', owned: 90 } };
    expect(await ask('POST', '/drain', 'ADMIN')).toEqual(drained);
    expect(await ask('POST', '/drain', 'ADMIN')).toEqual(drained);
    view.move(80);
    expect((await ask('GET', '', 'ADMIN')).body).toMatchObject({
      moving: 10,
      nodes: [{ name: 'a' }, { name: 'b', state: 'DRAINING', owned: 10 }, { name: 'c' }],
    });
    view.move(10);
    view.set('b', { state: 'ACTIVE' });
    expect(await ask('POST', '/rebalance', 'ADMIN')).toEqual({
      status: 202,
      body: { moves: expect.any(Number) },
    });
  });

  it('[CLU-71] are refused for a node that is none, and for the last one', async () => {
    const view = new TableView(['a', 'b']);
    await serve(view);
    expect(await ask('POST', '/drain', 'ADMIN', { node: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'CLUSTER_NODE_UNKNOWN' },
    });
    view.set('a', { state: 'DRAINING' });
    expect(await ask('POST', '/drain', 'ADMIN')).toMatchObject({
      status: 409,
      body: { code: 'CLUSTER_LAST_NODE' },
    });
  });

  it('[CLU-71] [CLU-72] are refused while the database does not answer', async () => {
    const view = new TableView(['a', 'b']);
    const refused = async (): Promise<never> => {
      throw serverError('STORE_UNREACHABLE', 'The database does not answer.');
    };
    await serve(Object.assign(view, { drain: refused, rebalance: refused }));
    for (const path of ['/drain', '/rebalance'])
      expect(await ask('POST', path, 'ADMIN')).toMatchObject({
        status: 503,
        body: { code: 'STORE_UNREACHABLE' },
      });
  });

  it.each([[{}], [{ node: '' }], [{ node: 'a', now: true }], ['a'], [null]])(
    '[CLU-71] %j is no order',
    async (body) => {
      await serve(new TableView(['a', 'b']));
      expect(await ask('POST', '/drain', 'ADMIN', body)).toMatchObject({
        status: 400,
        body: { code: 'BAD_MESSAGE' },
      });
    },
  );
});

describe('a server that is alone', () => {
  beforeEach(() => serve());

  it('[CLU-70] is one node that owns everything', async () => {
    const { status: code, body } = await ask('GET', '', 'ADMIN');
    const { nodes, partitions, ...rest } = body as unknown as ClusterAnswer;
    expect([code, rest]).toEqual([
      200,
      { isCluster: false, node: 'solo', mapVersion: 0, unowned: 0, moving: 0, degraded: [] },
    ]);
    expect(nodes).toMatchObject([{ name: 'solo', state: 'ACTIVE', owned: PARTITION_COUNT, isLinked: true }]);
    expect(new Set(partitions.map((partition) => partition.node))).toEqual(new Set(['solo']));
  });

  it('[CLU-71] [CLU-72] takes no orders', async () => {
    for (const path of ['/drain', '/rebalance'])
      expect(await ask('POST', path, 'ADMIN')).toMatchObject({ status: 409, body: { code: 'CLUSTER_OFF' } });
  });

  it('[CLU-70] tells nobody but an ADMIN', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/drain'],
      ['POST', '/rebalance'],
    ] as const) {
      expect((await ask(method, path)).status).toBe(401);
      expect((await ask(method, path, 'USER')).status).toBe(403);
    }
  });
});
