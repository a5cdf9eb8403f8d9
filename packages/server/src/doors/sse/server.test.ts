import { EventSource } from 'eventsource';
import { afterEach, expect, it } from 'vitest';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { TEST_SECRET, tokenFor } from '../../security/testing/tokenFor.js';
import type { Logger } from '../../utils/logger.js';

let server: ServerCoordinator;
let source: EventSource | undefined;
afterEach(async () => {
  source?.close();
  await server.shutdown();
});

/** Keeps every line with all that was handed to it, before anything is hidden. */
function loggerOf(lines: string[]): Logger {
  const log = (...parts: unknown[]): void => void lines.push(JSON.stringify(parts));
  const logger = { trace: log, debug: log, info: log, warn: log, error: log, fatal: log, level: 'trace' };
  return { ...logger, isLevelEnabled: () => true, child: () => loggerOf(lines) } as unknown as Logger;
}

it('[SSE-1] [SSE-33] [S001-17] a server gives events to a token in the query, which is not logged; its metrics count, its stop tells', async () => {
  const lines: string[] = [];
  server = new ServerCoordinator(
    {
      port: 0,
      storage: 'memory',
      jwtSecret: TEST_SECRET,
      jwtIssuer: 'test',
      jwtAudience: 'test',
      logLevel: 'debug',
      metricsToken: 'metrics-token-of-the-test',
      policies: [{ role: 'user', map: '**', actions: ['READ', 'PUT'] }],
    },
    { logger: loggerOf(lines) },
  );
  const { port } = await server.start();
  const token = await tokenFor('ann', 'user', { issuer: 'test', audience: 'test' });
  const heard: [string, unknown][] = [];
  let onHeard: () => void = () => undefined;
  source = new EventSource(`http://127.0.0.1:${port}/events/subscribe?streams=1&token=${token}`);
  for (const name of ['message', 'stream.created', 'reconnect'])
    source.addEventListener(name, ({ data }: MessageEvent) => {
      heard.push([name, JSON.parse(String(data))]);
      onHeard();
    });
  const until = async (count: number): Promise<void> => {
    while (heard.length < count)
      await new Promise<void>((resolve) => {
        onHeard = resolve;
      });
  };
  await until(1);
  await server.publish('stream/1', { id: 7 }, { name: 'stream.created' });
  await until(2);
  expect(heard[1]).toEqual(['stream.created', { id: 7 }]);
  const metrics = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { Authorization: 'Bearer metrics-token-of-the-test' },
  });
  expect(await metrics.text()).toContain('topgun_door_connections{door="sse"} 1');
  const stopped = server.shutdown();
  await until(3);
  expect(heard[2]).toMatchObject(['reconnect', { reason: 'shutdown' }]);
  await stopped;
  expect(lines.join('\n')).toContain('/events/subscribe');
  expect(lines.join('\n')).not.toContain(token);
  expect(lines.join('\n')).not.toContain('token=');
});
