import { PARTITION_COUNT } from '@topgun/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterNodeStatus, ClusterStatus, ClusterView } from '../cluster/ClusterView.js';
import { serverError } from '../errors.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { TEST_SECRET, tokenFor } from '../security/testing/tokenFor.js';
import { MemoryStore } from '../storage/MemoryStore.js';
import { type ClusterAnswer, clusterRoutes, describeCluster } from './cluster.js';
import { HttpRefusal, type HttpRequest } from './Route.js';

const node = (name: string, rest: Partial<ClusterNodeStatus> = {}): ClusterNodeStatus => ({
  name,
  boot: `${name}-1`,
  slot: 0,
  address: `ws://${name}:8080/cluster`,
  state: 'ACTIVE',
  protocol: 4,
  leaseAgeMs: 700,
  isLinked: true,
  ...rest,
});

/** Two nodes share the partitions; of the last three one moves to the other node, and one has no owner. */
const status = (rest: Partial<ClusterStatus> = {}): ClusterStatus => ({
  isCluster: true,
  self: 'a',
  coordinator: 'b',
  mapVersion: 7,
  nodes: [node('a'), node('b')],
  owners: Array.from({ length: PARTITION_COUNT }, (_, pid) => ({
    pid,
    epoch: 3,
    node: pid === 270 ? undefined : pid % 2 === 0 ? 'a' : 'b',
    boot: undefined,
    target: pid === 269 ? 'a' : undefined,
  })),
  faults: [],
  ...rest,
});

describe('the answer about a cluster', () => {
  it('[CLU-70] counts what each node owns, what moves, and what nobody owns', () => {
    const answer = describeCluster(status());
    expect(answer).toMatchObject({ node: 'a', coordinator: 'b', mapVersion: 7, unowned: 1, moving: 1 });
    expect(answer.nodes.map(({ name, owned }) => [name, owned])).toEqual([
      ['a', 135],
      ['b', 135],
    ]);
    expect(answer.partitions).toHaveLength(PARTITION_COUNT);
    expect(answer.partitions.slice(268)).toEqual([
      { epoch: 3, node: 'a' },
      { epoch: 3, node: 'b', target: 'a' },
      { epoch: 3, node: null },
    ]);
    expect(answer.degraded).toEqual(['UNOWNED']);
  });

  it.each<[string, Partial<ClusterStatus>, readonly string[]]>([
    ['a node that lives has no link', { nodes: [node('a'), node('b', { isLinked: false })] }, ['LINKS']],
    ['a node that drains has none', { nodes: [node('b', { isLinked: false, state: 'DRAINING' })] }, ['LINKS']],
    ['one that joins has none yet', { nodes: [node('b', { isLinked: false, state: 'JOINING' })] }, []],
    ['the database is away', { faults: ['DATABASE', 'FENCED'] }, ['DATABASE', 'FENCED']],
  ])('[CLU-70] says what is wrong when %s', (_, rest, degraded) => {
    expect(describeCluster(status({ owners: [], ...rest })).degraded).toEqual(degraded);
  });
});

/** A view that notes its orders, and refuses as it is told to. */
class NotedView implements ClusterView {
  readonly orders: string[] = [];
  readonly #refusal: Error | undefined;

  constructor(refusal?: Error) {
    this.#refusal = refusal;
  }

  status = (): ClusterStatus => status();

  async drain(name: string): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal;
    this.orders.push(`drain ${name}`);
  }

  async rebalance(): Promise<number> {
    if (this.#refusal !== undefined) throw this.#refusal;
    this.orders.push('rebalance');
    return 12;
  }
}

async function order(view: ClusterView, path: string, body: unknown): Promise<unknown> {
  const route = clusterRoutes(() => view).find((each) => each.path === path);
  // Of a request these routes take the body alone.
  const request = { json: async () => body } as unknown as HttpRequest;
  try {
    const { status: code, ...answer } = (await route?.answer(request)) as { status: number; body: unknown };
    return [code, answer.body];
  } catch (error) {
    if (error instanceof HttpRefusal) return [error.status, error.body.code];
    throw error;
  }
}

describe('orders to a cluster', () => {
  it('[CLU-71] [CLU-72] are handed on, and answered with what is to move', async () => {
    const view = new NotedView();
    expect(await order(view, '/api/admin/cluster/drain', { node: 'b' })).toEqual([
      202,
      { node: 'b', owned: 135 },
    ]);
    expect(await order(view, '/api/admin/cluster/rebalance', undefined)).toEqual([202, { moves: 12 }]);
    expect(view.orders).toEqual(['drain b', 'rebalance']);
  });

  it.each([
    ['CLUSTER_NODE_UNKNOWN', 404],
    ['CLUSTER_LAST_NODE', 409],
    ['STORE_UNREACHABLE', 503],
  ] as const)('[CLU-71] are refused with %s', async (code, http) => {
    const view = new NotedView(serverError(code, 'It cannot be done.'));
    expect(await order(view, '/api/admin/cluster/drain', { node: 'x' })).toEqual([http, code]);
    expect(await order(view, '/api/admin/cluster/rebalance', undefined)).toEqual([http, code]);
  });

  it.each([[{}], [{ node: '' }], [{ node: 'a', now: true }], ['a'], [null]])(
    '[CLU-71] %j is no order',
    async (body) => {
      expect(await order(new NotedView(), '/api/admin/cluster/drain', body)).toEqual([400, 'BAD_MESSAGE']);
    },
  );
});

describe('a server that is alone', () => {
  let server: ServerCoordinator;
  beforeEach(async () => {
    server = new ServerCoordinator(
      { port: 0, nodeId: 'solo', logLevel: 'silent', drainMs: 50, jwtSecret: TEST_SECRET },
      { store: new MemoryStore() },
    );
    await server.start();
  });
  afterEach(() => server.shutdown());

  const ask = async (method: string, path: string, role?: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/api/admin/cluster${path}`, {
      method,
      ...(role !== undefined && { headers: { Authorization: `Bearer ${await tokenFor('ann', role)}` } }),
      ...(method === 'POST' && { body: JSON.stringify({ node: 'solo' }) }),
    });
    return { status: response.status, body: (await response.json()) as unknown };
  };

  it('[CLU-70] is one node that owns everything', async () => {
    const { status: code, body } = await ask('GET', '', 'ADMIN');
    const { nodes, partitions, ...rest } = body as ClusterAnswer;
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
