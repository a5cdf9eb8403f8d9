import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { OperatorFile } from '../../security/operators/OperatorFile.js';
import type { Policy } from '../../security/PermissionPolicy.js';
import { createLogger } from '../../utils/logger.js';
import { JsonClient, toldBy } from './testing/JsonClient.js';

const password = 'correct horse battery';
/** As a server has them whose users have channels of their own. */
const POLICIES: readonly Policy[] = [
  { role: '*', map: 'topic:user/{sub}', actions: ['READ', 'PUT'] },
  { role: '*', map: 'topic:user/{userId}', actions: ['READ', 'PUT'] },
  { role: '*', map: 'topic:tenant/{tenant_id}', actions: ['READ', 'PUT'] },
  { role: 'ADMIN', map: 'topic:global', actions: ['READ', 'PUT'] },
];

let folder: string;
let server: ServerCoordinator;
let client: JsonClient | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-operators-'));
  await new OperatorFile(join(folder, 'auth', 'operators.json')).put('ann', password, ['ADMIN']);
  server = new ServerCoordinator(
    {
      port: 0,
      dataDir: folder,
      drainMs: 100,
      jwtSecret: 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe',
      policies: POLICIES as never,
    },
    { logger: createLogger('silent') },
  );
  await server.start();
});
afterEach(async () => {
  client?.ws.terminate();
  await server.shutdown();
  await rm(folder, { recursive: true });
});

async function ask(path: string, body: object, token?: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/auth/${path}`, {
    method: 'POST',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, unknown>;
}

it('[WSJ-3] an operator comes in as an operator: no channel of the user of that name, what its roles open, gone with its sign-out', async () => {
  const token = String((await ask('login', { name: 'ann', password })).token);
  client = (await JsonClient.open(server.port, { header: `Bearer ${token}` })) as JsonClient;
  const welcome = await client.take('system');
  expect(welcome.payload).toMatchObject({ user_id: 'operator:ann', tenant_id: null });
  await client.settle();
  expect(client.drain('subscribed').map(({ topic }) => topic)).toEqual(['global']);

  for (const topic of ['user/ann', 'user/operator:ann', 'tenant/']) client.send({ type: 'subscribe', topic });
  client.send({ type: 'notification', to_user: 'ann', payload: 1 });
  await client.settle();
  await server.publish('user/ann', { for: 'ann alone' });
  await client.settle();
  expect(client.received.map((frame) => [frame.type, toldBy(frame).code])).toEqual([
    ['error', 'DENIED'],
    ['error', 'DENIED'],
    ['error', expect.stringMatching(/^(DENIED|TOPIC_INVALID)$/)],
    ['error', 'DENIED'],
  ]);

  client.received.length = 0;
  client.send({ type: 'broadcast', payload: 'to all' });
  expect((await client.take('broadcast')).from_user).toBe('operator:ann');
  await ask('logout', {}, token);
  expect((await client.closed)[0]).toBe(4401);
});
