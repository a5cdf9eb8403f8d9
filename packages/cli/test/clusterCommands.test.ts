import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TableView } from '../../server/src/cluster/TableView.js';
import { ServerCoordinator } from '../../server/src/ServerCoordinator.js';
import { TEST_SECRET, tokenFor } from '../../server/src/security/testing/tokenFor.js';
import { MemoryStore } from '../../server/src/storage/MemoryStore.js';
import type { CliIo } from '../src/CliIo.js';
import { ranges } from '../src/cluster/clusterText.js';
import { exitCodes } from '../src/exitCodes.js';
import { runInProcess } from './runInProcess.js';

let server: ServerCoordinator;
let view: TableView;
let token: string;
beforeEach(async () => {
  view = new TableView(['a', 'b', 'c']);
  token = await tokenFor('root', 'ADMIN');
  server = new ServerCoordinator(
    { port: 0, logLevel: 'silent', drainMs: 50, jwtSecret: TEST_SECRET },
    { store: new MemoryStore(), cluster: view },
  );
  await server.start();
});
afterEach(() => server.shutdown());

const run = (args: readonly string[], io: Partial<CliIo> = {}) =>
  runInProcess([...args, '--url', `http://127.0.0.1:${server.port}`], {
    env: { TOPGUN_TOKEN: token },
    ...io,
  });

describe('topgun cluster:status, cluster:nodes, cluster:partitions', () => {
  it('[CLI-50] says how the cluster is, and with what code', async () => {
    const well = await run(['cluster:status']);
    expect(well.code).toBe(exitCodes.ok);
    expect(well.out).toContain(': well\n  nodes        3 active\n  coordinator  a\n');
    view.set('b', { state: 'DRAINING', isLinked: false });
    view.owners[5] = { pid: 5, epoch: 2, node: undefined, boot: undefined, target: undefined };
    const { code, out } = await run(['cluster:status']);
    expect(code).toBe(exitCodes.unhealthy);
    expect(out.split('\n').slice(1, -1)).toEqual([
      '  nodes        2 active, 1 draining',
      '  coordinator  a',
      '  partitions   270 owned, 1 without an owner, 0 moving',
      '  map          version 1',
      expect.stringContaining('LINKS'),
      expect.stringContaining('UNOWNED'),
    ]);
    const json = JSON.parse((await run(['cluster:status', '--json'])).out) as { partitions: unknown[] };
    expect(json.partitions).toHaveLength(271);
  });

  it('[CLI-50] says that a server is alone', async () => {
    await server.shutdown();
    server = new ServerCoordinator(
      { port: 0, nodeId: 'solo', jwtSecret: TEST_SECRET, drainMs: 50, logLevel: 'silent' },
      { store: new MemoryStore() },
    );
    await server.start();
    const { code, out } = await run(['cluster:status']);
    expect([code, out]).toEqual([
      exitCodes.ok,
      expect.stringContaining('solo, alone; it owns all 271 partitions'),
    ]);
    expect((await run(['cluster:drain', 'solo'])).err).toContain('CLUSTER_OFF');
  });

  it('[CLI-50] lists nodes', async () => {
    view.set('c', { isLinked: false, leaseAgeMs: undefined });
    const { out } = await run(['cluster:nodes']);
    expect(out.split('\n')).toEqual([
      'NODE  STATE   OWNS  LEASE  LINK  ADDRESS              NOTE',
      'a     ACTIVE  91    0.7 s  up    ws://a:8080/cluster  coordinator, asked',
      'b     ACTIVE  90    0.7 s  up    ws://b:8080/cluster',
      'c     ACTIVE  90    -      DOWN  ws://c:8080/cluster',
      '',
    ]);
    expect(JSON.parse((await run(['cluster:nodes', '--json'])).out)).toMatchObject([
      { name: 'a', owned: 91 },
      { name: 'b' },
      { name: 'c' },
    ]);
  });

  it('[CLI-50] shows who owns what, and what moves where', async () => {
    await view.drain('c');
    const { out } = await run(['cluster:partitions']);
    expect(out).toContain('a: 91\n  0, 3, 6, 9,');
    expect(out).toContain('moving: 90\n  2  c -> a\n  5  c -> b\n');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    const one = await run(['cluster:partitions', '--node', 'b', '--json']);
    const rows = JSON.parse(one.out) as { pid: number; node: string; target?: string }[];
    expect(rows.every(({ node, target }) => node === 'b' || target === 'b')).toBe(true);
    expect(rows[0]).toEqual({ pid: 1, epoch: 1, node: 'b' });
    const unknown = await run(['cluster:partitions', '--node', 'x']);
    expect([unknown.code, unknown.err]).toEqual([exitCodes.failure, expect.stringContaining('NODE_UNKNOWN')]);
  });

  it('[CLI-50] numbers in a row are a range', () => {
    expect(ranges([])).toBe('');
    expect(ranges([0, 1, 2, 5, 7, 8])).toBe('0-2, 5, 7-8');
  });

  it('[CLI-50] needs the role ADMIN', async () => {
    token = await tokenFor('ann', 'USER');
    for (const args of [['cluster:status'], ['cluster:drain', 'a'], ['cluster:rebalance']])
      expect((await run(args)).err).toContain('ADMIN_REFUSED');
  });
});

describe('topgun cluster:drain, cluster:rebalance', () => {
  it('[CLI-51] has a node give its partitions away', async () => {
    expect((await run(['cluster:drain', 'b'])).out).toBe('b gives away 90 partitions\n');
    expect(view.nodes[1]?.state).toBe('DRAINING');
    view.move(89);
    expect((await run(['cluster:drain', 'b'])).out).toBe('b gives away 1 partition\n');
    view.move(1);
    expect((await run(['cluster:drain', 'b', '--json'])).out).toBe('{"node":"b","owned":0}\n');
    const unknown = await run(['cluster:drain', 'x']);
    expect([unknown.code, unknown.err]).toEqual([
      exitCodes.failure,
      expect.stringContaining('CLUSTER_NODE_UNKNOWN'),
    ]);
  });

  it('[CLI-51] comes back with --wait when the node owns nothing', async () => {
    const told: string[] = [];
    const { out, code } = await run(['cluster:drain', 'b', '--wait'], {
      // Told what is left, the cluster goes on.
      err: (text) => {
        told.push(text);
        view.move(50);
      },
    });
    expect([code, out]).toEqual([exitCodes.ok, 'b owns nothing\n']);
    expect(told).toEqual(['b still owns 90\n', 'b still owns 40\n']);
  });

  it('[CLI-51] stops waiting at a signal, and when the node is active again', async () => {
    let signal = (): void => undefined;
    const stopped = await run(['cluster:drain', 'b', '--wait'], {
      onStopSignal: (listener) => {
        signal = () => listener('SIGINT');
        return () => undefined;
      },
      err: () => signal(),
    });
    expect([stopped.code, stopped.out]).toEqual([exitCodes.ok, 'b gives away 90 partitions\n']);
    const { code, err } = await run(['cluster:drain', 'b', '--wait'], {
      onStopSignal: () => {
        view.set('b', { state: 'ACTIVE' });
        return () => undefined;
      },
    });
    expect([code, err]).toEqual([exitCodes.failure, expect.stringContaining('DRAIN_STOPPED')]);
  });

  it('[CLI-52] has the cluster look whether partitions lie evenly', async () => {
    expect((await run(['cluster:rebalance'])).out).toBe('nothing to move\n');
    await view.drain('c');
    view.move(90);
    view.set('c', { state: 'ACTIVE' });
    expect((await run(['cluster:rebalance'])).out).toMatch(/^\d+ partitions to move\n$/);
    expect(JSON.parse((await run(['cluster:rebalance', '--json'])).out)).toEqual({ moves: 90 });
  });
});
