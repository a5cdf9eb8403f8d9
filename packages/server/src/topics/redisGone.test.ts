import { afterEach, describe, expect, it } from 'vitest';
import { eventually, RedisGroup } from '../local/redisProcesses.js';
import { ServerCoordinator } from '../ServerCoordinator.js';

const redis = new RedisGroup();
let server: ServerCoordinator | undefined;

afterEach(async () => {
  await server?.shutdown();
  await redis.dispose();
});

describe('a server whose Redis is gone', () => {
  it('[CLU-62] takes records in, stays ready, and says so in /ready and metrics until it is back', async () => {
    const process = await redis.start();
    const own = {
      nodeId: 'a',
      port: 0,
      dev: true,
      storage: 'memory',
      logLevel: 'silent',
      drainMs: 50,
    } as const;
    const made = new ServerCoordinator({ ...own, redisUrl: process.url });
    server = made;
    await made.start();
    const ask = (path: string, init?: RequestInit): Promise<Response> =>
      fetch(`http://127.0.0.1:${made.port}${path}`, init);
    const told = async () => {
      const ready = await ask('/ready');
      const { degraded, checks } = (await ready.json()) as { degraded: boolean; checks: { redis: string } };
      const lines = (await (await ask('/metrics')).text()).split('\n');
      const metric = lines.filter((line) => line.startsWith('topgun_degraded{') && line.endsWith(' 1'));
      return { status: ready.status, degraded, redis: checks.redis, metric };
    };
    const well = { status: 200, degraded: false, redis: 'up', metric: [] };
    const put = async (key: string): Promise<number> =>
      (await ask(`/api/records/todos/${key}`, { method: 'PUT', body: '{"value":1}' })).status;
    await eventually('all is well', async () => (await told()).redis === 'up');
    expect(await told()).toEqual(well);
    await process.kill();
    await eventually('it is missed', async () => (await told()).redis === 'down');
    expect(await told()).toEqual({
      status: 200,
      degraded: true,
      redis: 'down',
      metric: ['topgun_degraded{reason="REDIS"} 1'],
    });
    expect(await put('without')).toBe(200);
    expect((await ask('/api/records/todos/without')).status).toBe(200);
    await process.start();
    await eventually('it is heard again', async () => (await told()).redis === 'up');
    expect(await told()).toEqual(well);
  });
});
