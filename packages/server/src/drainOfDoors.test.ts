import { Agent, get, type IncomingMessage } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { JsonClient } from './doors/ws/testing/JsonClient.js';
import { ServerCoordinator } from './ServerCoordinator.js';

let server: ServerCoordinator | undefined;
const agent = new Agent({ keepAlive: true });
afterEach(async () => {
  await server?.shutdown();
  agent.destroy();
});

/** Asks on a connection that is kept, and reads the answer. */
const ask = (path: string): Promise<{ readonly response: IncomingMessage; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const asked = get({ host: '127.0.0.1', port: server?.port, path, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ response, text }));
    });
    asked.on('error', reject);
  });

it('[FLOW-10] [FLOW-14] a server that is to stop is not ready, lets clients in until the delay is over, and has proxies let go of it', async () => {
  server = new ServerCoordinator({
    port: 0,
    dev: true,
    storage: 'memory',
    logLevel: 'silent',
    drainMs: 16_000,
    drainDelayMs: 5_000,
  });
  await server.start();
  expect((await ask('/ready')).response.headers.connection).toBe('keep-alive');
  const stopped = server.shutdown();
  const { response } = await ask('/ready');
  expect([response.statusCode, response.headers.connection]).toEqual([503, 'close']);
  const client = await JsonClient.open(server.port, {});
  if (typeof client === 'number') throw new Error(`The handshake was answered ${client}.`);
  const stream = ask('/events/subscribe?streams=1');
  const [code] = await client.closed;
  expect(code).toBe(1012);
  expect((await stream).text).toContain('"reason":"shutdown"');
  await stopped;
});
