import { afterEach, describe, expect, it } from 'vitest';
import { eventually, RedisGroup } from '../local/redisProcesses.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { SERVER_PRINCIPAL } from '../topics/serverPrincipal.js';

const METRICS_TOKEN = 'metrics-token-of-16';
const redis = new RedisGroup();
const servers: ServerCoordinator[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.shutdown()));
  await redis.dispose();
});

/** One scrape: values by name and labels. */
async function scrape(server: ServerCoordinator): Promise<ReadonlyMap<string, number>> {
  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`, { headers });
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))] as const;
    }),
  );
}

describe('metrics of two nodes over one Redis', () => {
  it('[OBS-1] [S003-31] [S004-21] count what goes through it and what it takes, connections, memory and times, and CPU, memory and network of the node', async () => {
    const { url, port } = await redis.start();
    for (const nodeId of ['a', 'b']) {
      const own = { nodeId, port: 0, storage: 'memory', logLevel: 'silent', drainMs: 50 } as const;
      const shared = { dev: true, redisUrl: url, metricsToken: METRICS_TOKEN } as const;
      const server = new ServerCoordinator({ ...own, ...shared });
      servers.push(server);
      await server.start();
    }
    const [a, b] = servers as [ServerCoordinator, ServerCoordinator];
    let heard = 0;
    const subscriber = {
      principal: SERVER_PRINCIPAL,
      deliver: () => void heard++,
      lost: () => undefined,
      ended: () => undefined,
    };
    await b.topics?.subscribe('room/1', subscriber);
    for (let i = 0; i < 10; i++) await a.publish('room/1', i);
    await eventually('the other node hears', () => heard === 10);
    await a.publish('room/1', 9, { id: 'again' });
    await b.publish('room/1', 9, { id: 'again' });
    await eventually('all is told', async () => {
      const seen = await scrape(b);
      return (seen.get('topgun_bus_lag_seconds_count') ?? 0) >= 11;
    });
    const [ofA, ofB] = [await scrape(a), await scrape(b)];
    expect(ofA.get('topgun_bus_up')).toBe(1);
    expect(ofA.get('topgun_bus_connections')).toBe(1);
    expect(ofA.get('topgun_bus_connection_errors_total')).toBe(0);
    expect(ofA.get('topgun_bus_messages_total{kind="published"}')).toBeGreaterThanOrEqual(11);
    expect(ofA.get('topgun_bus_messages_total{kind="dropped"}')).toBe(0);
    expect(ofB.get('topgun_bus_messages_total{kind="received"}')).toBeGreaterThanOrEqual(11);
    expect(ofB.get('topgun_topic_deliveries_total')).toBe(11);
    expect(ofB.get('topgun_rooms')).toBe(1);
    expect(ofA.get('topgun_bus_publish_seconds_count')).toBeGreaterThanOrEqual(11);
    expect(ofA.get('topgun_redis_command_seconds_count{command="append"}')).toBeGreaterThanOrEqual(11);
    expect(ofA.get('topgun_redis_command_seconds_count{command="ping"}')).toBeGreaterThanOrEqual(1);
    expect(ofA.get(`topgun_redis_memory_bytes{master="127.0.0.1:${port}"}`)).toBeGreaterThan(100_000);
    const ofProcess = ['topgun_process_cpu_seconds_total', 'topgun_process_resident_memory_bytes'];
    for (const name of ofProcess) expect(ofA.get(name)).toBeGreaterThan(0);
    expect([...ofA.keys()].filter((name) => name.startsWith('topgun_bytes_total')).length).toBeGreaterThan(0);
  });
});
