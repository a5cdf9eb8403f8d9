import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { type ClusterOptions, type ClusterProvider, clusterOf } from '@topgun/client/cluster';
import { PARTITION_COUNT } from '@topgun/core';
import { MemoryStore, ServerCoordinator } from '@topgun/server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Gateway } from './Gateway.js';

/** Servers that each stand for a node: what a client has to do with one is the same. */
interface Node {
  readonly name: string;
  readonly server: ServerCoordinator;
  readonly gateway: Gateway;
}

const NOWHERE = 'ws://127.0.0.1:1';
const nodes: Node[] = [];
const clients: TopGunClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const { server, gateway } of nodes.splice(0)) {
    gateway.close();
    await server.shutdown();
  }
});

async function start(...names: readonly string[]): Promise<readonly Node[]> {
  for (const name of names) {
    const server = new ServerCoordinator(
      { port: 0, dev: true, nodeId: name, logLevel: 'silent', drainMs: 1000 },
      { store: new MemoryStore() },
    );
    await server.start();
    nodes.push({ name, server, gateway: await Gateway.to(server.port) });
  }
  return nodes;
}

/** What the nodes would agree on. */
function tellMap(version: number, states: Readonly<Record<string, 'ACTIVE' | 'DRAINING'>> = {}): void {
  const map = {
    version,
    nodes: nodes.map(({ name, gateway }, slot) => ({
      name,
      boot: 'b',
      slot,
      address: 'ws://nowhere/cluster',
      publicUrl: gateway.url,
      state: states[name] ?? ('ACTIVE' as const),
      protocol: 5,
    })),
    owners: Array.from({ length: PARTITION_COUNT }, (_, pid) => ({
      pid,
      epoch: 1,
      node: nodes[pid % nodes.length]?.name,
      boot: 'b',
      target: undefined,
    })),
  };
  for (const { server } of nodes) server.engine?.router.publicMap.changed(map);
}

/** A pause of the engine would outlast the test: whoever gets on has not paused. */
function connect(options: ClusterOptions): { client: TopGunClient; cluster: ClusterProvider } {
  const cluster = clusterOf(options);
  const client = new TopGunClient({
    connectionProvider: cluster,
    storage: new MemoryAdapter(),
    storeName: `store-${clients.length}-${Math.trunc(performance.now() * 1000)}`,
    backoff: { baseMs: 600_000, capMs: 600_000, jitter: 0 },
  });
  clients.push(client);
  return { client, cluster };
}

const at = (cluster: ClusterProvider): string | undefined => cluster.getClusterHealth().node;
const until = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 20_000, interval: 5 });
const untilAt = (cluster: ClusterProvider, names: readonly string[]): Promise<void> =>
  until(() => expect(names).toContain(at(cluster)));

/** The same, with pauses of the engine cut short. */
const untilAtOnceIn = (client: TopGunClient, holds: () => void): Promise<void> =>
  until(() => {
    if (client.getConnectionState() === 'BACKOFF') client.resetConnection();
    holds();
  });

describe('a client of several servers', () => {
  it('[CCL-4] [CCL-1] finds the one that answers among its seeds, and learns the others from it', async () => {
    const [a] = await start('a', 'b');
    tellMap(7);
    const { client, cluster } = connect({ seeds: [NOWHERE, a?.gateway.url ?? ''] });
    await client.whenSynced();
    await untilAt(cluster, ['a']);
    expect(cluster.getPartitionMapVersion()).toBe(7);
    expect(cluster.getConnectedNodes()).toEqual([a?.gateway.url]);
    const { nodes: known, ...health } = cluster.getClusterHealth();
    expect(health).toEqual({
      isHealthy: true,
      isConnected: true,
      node: 'a',
      mapVersion: 7,
      partitionsWithoutOwner: 0,
      moves: 0,
    });
    expect(known.map(({ name, state, partitions }) => [name, state, partitions])).toEqual([
      [undefined, 'UNKNOWN', 0],
      ['a', 'ACTIVE', 136],
      ['b', 'ACTIVE', 135],
    ]);
    tellMap(8);
    await until(() => expect(cluster.getPartitionMapVersion()).toBe(8));
    await expect(cluster.refreshPartitionMap()).resolves.toBe(8);
  });

  it('[CCL-5] goes on at another one when its road is cut, and its write arrives', async () => {
    const [a, b] = await start('a', 'b');
    tellMap(1);
    const { client, cluster } = connect({ seeds: [a?.gateway.url ?? ''] });
    const notes = client.getMap<string>('notes');
    await client.whenSynced();
    await until(() => expect(cluster.getPartitionMapVersion()).toBe(1));
    a?.gateway.cut();
    notes.set('k', 'v');
    await until(() => expect(b?.server.engine?.rootOf('notes')).not.toBe(0));
    await client.whenSynced();
    expect(at(cluster)).toBe('b');
    expect(cluster.getClusterHealth().nodes.find(({ name }) => name === 'a')?.failures).toBeGreaterThan(0);
  });

  it('[CCL-6] leaves the one that fails alone, and comes back to it when nothing else is left', async () => {
    const [a, b] = await start('a', 'b');
    tellMap(1);
    a?.gateway.cut();
    const { client, cluster } = connect({ seeds: [a?.gateway.url ?? '', b?.gateway.url ?? ''] });
    const isOpen = (): boolean => cluster.getClusterHealth().nodes.some(({ circuit }) => circuit === 'OPEN');
    // Chance decides which one is asked first.
    for (let i = 0; i < 200 && !isOpen(); i++) {
      await untilAtOnceIn(client, () => expect(client.getConnectionState()).toBe('CONNECTED'));
      b?.gateway.cut();
      await until(() => expect(client.getConnectionState()).not.toBe('CONNECTED'));
      b?.gateway.mend();
    }
    expect(isOpen()).toBe(true);
    await untilAtOnceIn(client, () => expect(at(cluster)).toBe('b'));
    const tries = a?.gateway.connections ?? 0;
    b?.gateway.cut();
    a?.gateway.mend();
    await untilAtOnceIn(client, () => expect(at(cluster)).toBe('a'));
    expect(a?.gateway.connections).toBe(tries + 1);
  });

  it('[CCL-7] leaves a node that drains before it is told to, and one that stops when it does', async () => {
    const [a] = await start('a', 'b', 'c');
    tellMap(1);
    const { client, cluster } = connect({ seeds: [a?.gateway.url ?? ''] });
    const states: string[] = [];
    client.onConnectionStateChange(({ state }) => states.push(state));
    const notes = client.getMap<string>('notes');
    await client.whenSynced();
    await until(() => expect(cluster.getPartitionMapVersion()).toBe(1));
    tellMap(2, { a: 'DRAINING' });
    await untilAt(cluster, ['b', 'c']);
    await until(() => expect(client.getConnectionState()).toBe('CONNECTED'));
    expect(cluster.getClusterHealth().moves).toBe(1);

    const first = at(cluster);
    const other = first === 'b' ? 'c' : 'b';
    notes.set('k', 'v');
    await nodes.find(({ name }) => name === first)?.server.shutdown();
    await untilAt(cluster, [other]);
    await client.whenSynced();
    expect(nodes.find(({ name }) => name === other)?.server.engine?.rootOf('notes')).not.toBe(0);
    expect(states).not.toContain('ERROR');
  });

  it('[CCL-3] many clients spread over the seeds', async () => {
    const started = await start('a', 'b');
    const seeds = started.map(({ gateway }) => gateway.url);
    const made = Array.from({ length: 20 }, () => connect({ seeds }));
    await Promise.all(made.map(({ client }) => client.whenSynced()));
    for (const { gateway } of started) expect(gateway.connections).toBeGreaterThan(2);
  });
});

describe('what is refused', () => {
  it('[CCL-2] no seeds, wrong ones, unknown options, and a second way to a server', () => {
    const refused = expect.objectContaining({ code: 'OPTION_INVALID' });
    const wrong: unknown[] = [
      undefined,
      {},
      { seeds: [] },
      { seeds: ['http://a'] },
      { seeds: ['ws://'] },
      { seeds: [NOWHERE], connectTimeoutMs: 1 },
      { seeds: [NOWHERE], smartRouting: 1 },
      { seeds: [NOWHERE], seed: 1 },
    ];
    for (const options of wrong) expect(() => clusterOf(options as ClusterOptions)).toThrow(refused);
    const connectionProvider = clusterOf({ seeds: [NOWHERE] });
    expect(
      () => new TopGunClient({ serverUrl: NOWHERE, connectionProvider, storage: new MemoryAdapter() }),
    ).toThrow(refused);
  });

  it('[CCL-9] a map when nobody is there to tell it', async () => {
    const cluster = clusterOf({ seeds: [NOWHERE] });
    const unreachable = { code: 'CLUSTER_UNREACHABLE', retriable: true };
    await expect(cluster.refreshPartitionMap()).rejects.toMatchObject(unreachable);
    expect(cluster.getConnectedNodes()).toEqual([]);
    expect(cluster.getClusterHealth()).toMatchObject({ isHealthy: false, isConnected: false, mapVersion: 0 });
  });
});
