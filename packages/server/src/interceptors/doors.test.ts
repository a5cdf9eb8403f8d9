import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { JsonClient, toldBy } from '../doors/ws/testing/JsonClient.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { createLogger } from '../utils/logger.js';
import type { Interceptor } from './Interceptor.js';

const SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';
const MAILBOX = 'a'.repeat(64);
const EVENTS = '/events/subscribe?topics=news';
const BRIDGE = `/bridge/events?client_id=${MAILBOX}`;

const running: ServerCoordinator[] = [];
const ends: (() => void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  for (const server of running.splice(0)) await server.shutdown();
});

async function serverWith(...interceptors: readonly Interceptor[]): Promise<ServerCoordinator> {
  const server = new ServerCoordinator(
    {
      port: 0,
      storage: 'memory',
      jwtSecret: SECRET,
      bridge: true,
      sseConnectionsPerUserMax: 1,
      wsConnectionsPerUserMax: 1,
      drainMs: 1_000,
      policies: [{ role: '*', map: 'topic:**', actions: ['READ', 'PUT'] }],
    },
    { logger: createLogger('silent'), interceptors },
  );
  await server.start();
  running.push(server);
  return server;
}

const token = (sub = 'ann'): Promise<string> =>
  new SignJWT({ scope: 'ws:connect' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('topgun')
    .setAudience('topgun')
    .setSubject(sub)
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(SECRET));

/** An answer whose head is here. */
async function ask(server: ServerCoordinator, path: string, bearer?: string): Promise<IncomingMessage> {
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const asked = request({ port: server.port, path, headers, agent: false }).end();
  asked.on('error', () => undefined);
  ends.push(() => asked.destroy());
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  // It ends in the midst of it.
  answer.on('error', () => undefined);
  return answer;
}

async function shake(server: ServerCoordinator, bearer?: string): Promise<JsonClient | number> {
  const opened = await JsonClient.open(
    server.port,
    bearer === undefined ? {} : { header: `Bearer ${bearer}` },
  );
  if (typeof opened !== 'number') ends.push(() => opened.ws.terminate());
  return opened;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/** An interceptor that writes down who comes and goes. */
function doorman(isWelcome: () => boolean | Promise<boolean> = () => true) {
  const said: string[] = [];
  const interceptor: Interceptor = {
    name: 'doorman',
    onConnection: ({ door, principal }) => {
      said.push(`${door} in ${principal.sub}`);
      return isWelcome();
    },
    onDisconnect: ({ door, principal }) => void said.push(`${door} out ${principal.sub}`),
  };
  return { said, interceptor };
}

describe('interceptors at the doors that hold connections', () => {
  it('[INT-9] are asked at /ws, with a token in the handshake and in the first frame, and hear of the end', async () => {
    const { said, interceptor } = doorman();
    const server = await serverWith(interceptor);
    const first = (await shake(server, await token())) as JsonClient;
    await first.take('system');
    first.send({ type: 'auth', payload: { token: await token() } });
    expect(toldBy(await first.take('system')).event).toBe('token_renewed');
    first.ws.close();
    await until(() => said.length === 2);
    const second = (await shake(server)) as JsonClient;
    expect(said).toHaveLength(2);
    second.send({ type: 'auth', payload: { token: await token() } });
    await second.take('system');
    second.ws.terminate();
    await until(() => said.length === 4);
    expect(said).toEqual(['ws in ann', 'ws out ann', 'ws in ann', 'ws out ann']);
  });

  it('[INT-9] are asked for an event stream and for a hearer of the bridge', async () => {
    const { said, interceptor } = doorman();
    const server = await serverWith(interceptor);
    const events = await ask(server, EVENTS, await token());
    const bridge = await ask(server, BRIDGE);
    expect([events.statusCode, bridge.statusCode]).toEqual([200, 200]);
    events.destroy();
    await until(() => said.length === 3);
    bridge.destroy();
    await until(() => said.length === 4);
    expect(said).toEqual(['sse in ann', 'bridge in ', 'sse out ann', 'bridge out ']);
  });

  it('[INT-9] who is kept out is told what a bad token is told there', async () => {
    const { said, interceptor } = doorman(() => false);
    const server = await serverWith(interceptor);
    expect(await shake(server, await token())).toBe(401);
    const late = (await shake(server)) as JsonClient;
    late.send({ type: 'auth', payload: { token: await token() } });
    expect((await late.take('error')).payload).toMatchObject({ code: 'AUTH_FAILED' });
    expect((await late.closed)[0]).toBe(4401);
    expect((await ask(server, EVENTS, await token())).statusCode).toBe(401);
    expect((await ask(server, BRIDGE)).statusCode).toBe(401);
    expect(said).toEqual(['ws in ann', 'ws in ann', 'sse in ann', 'bridge in ']);
  });

  it('[INT-9] who finds no place is told as gone', async () => {
    const { said, interceptor } = doorman();
    const server = await serverWith(interceptor);
    const bearer = await token();
    await shake(server, bearer);
    const second = (await shake(server, bearer)) as JsonClient;
    expect((await second.closed)[0]).toBe(1008);
    await until(() => said.length === 3);
    await ask(server, EVENTS, bearer);
    expect((await ask(server, EVENTS, bearer)).statusCode).toBe(429);
    await until(() => said.length === 6);
    expect(said).toEqual(['ws in ann', 'ws in ann', 'ws out ann', 'sse in ann', 'sse in ann', 'sse out ann']);
  });

  it('[INT-9] who goes while they think is told as gone, and a token revoked meanwhile is refused', async () => {
    let answer: (isWelcome: boolean) => void = () => undefined;
    const { said, interceptor } = doorman(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    const server = await serverWith({ ...interceptor, timeoutMs: 60_000 });
    const late = (await shake(server)) as JsonClient;
    late.send({ type: 'auth', payload: { token: await token() } });
    await until(() => said.length === 1);
    late.ws.terminate();
    await late.closed;
    answer(true);
    await until(() => said.length === 2);
    expect(said).toEqual(['ws in ann', 'ws out ann']);

    const stream = ask(server, EVENTS, await token('cid'));
    await until(() => said.length === 3);
    const letCidIn = answer;
    await server.revoke({ sub: 'cid' });
    letCidIn(true);
    let told = '';
    for await (const part of (await stream).setEncoding('utf8')) told += String(part);
    expect(told).toContain('"reason":"token"');
  });

  it('[INT-9] say nothing about single requests', async () => {
    const { said, interceptor } = doorman(() => false);
    const server = await serverWith(interceptor);
    expect((await ask(server, '/events/stats', await token())).statusCode).toBe(200);
    expect(await shake(server, 'x')).toBe(401);
    expect(said).toEqual([]);
  });
});
