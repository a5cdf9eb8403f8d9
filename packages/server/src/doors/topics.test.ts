import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@topgun/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { TEST_SECRET, tokenFor } from '../security/testing/tokenFor.js';
import { Listener } from '../topics/testing/HubRig.js';

let folder: string;
let server: ServerCoordinator;
let tokens: Readonly<Record<'backend' | 'guest', string>>;

const start = async (): Promise<void> => {
  server = new ServerCoordinator({
    port: 0,
    dataDir: folder,
    logLevel: 'silent',
    drainMs: 50,
    jwtSecret: TEST_SECRET,
    policies: [
      { role: 'BACKEND', map: 'topic:**', actions: ['READ', 'PUT'] },
      { role: 'GUEST', map: 'topic:room/1', actions: ['READ'], fields: ['text'] },
      { role: 'GUEST', map: 'topic:news', actions: ['READ'] },
    ],
    topicNamespaces: [
      { pattern: 'two/*', count: 2, whenFull: 'refuse' },
      { pattern: 'small/*', count: 10, bytes: 500, whenFull: 'refuse' },
    ],
  });
  await server.start();
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-topics-'));
  tokens = { backend: await tokenFor('shop', 'BACKEND'), guest: await tokenFor('gil', 'GUEST') };
  await start();
});
afterAll(async () => {
  await server.shutdown();
  await rm(folder, { recursive: true, force: true });
});

async function ask(
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  who: keyof typeof tokens | 'nobody' = 'backend',
) {
  const response = await fetch(`http://127.0.0.1:${server.port}/api/topics/${path}`, {
    method,
    ...(who !== 'nobody' && { headers: { Authorization: `Bearer ${tokens[who]}` } }),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Record<string, unknown>,
  };
}

const post = (path: string, body: unknown, who?: keyof typeof tokens | 'nobody') =>
  ask('POST', path, body, who);
const get = (path: string, who?: keyof typeof tokens | 'nobody') => ask('GET', path, undefined, who);

describe('/api/topics', () => {
  it('[HUB-11] publishes to who hears, and answers with the place of the message', async () => {
    const listener = new Listener('ann', ['BACKEND']);
    await server.topics?.subscribe('room/1', listener);
    const { status, body } = await post('room/1', { data: { text: 'hi' }, name: 'said', id: 'a1' });
    expect([status, body]).toEqual([
      200,
      { epoch: expect.any(String), offset: expect.any(Number), id: 'a1', ts: expect.any(Number) },
    ]);
    expect(listener.heard).toMatchObject([
      { ...body, topic: 'room/1', name: 'said', data: { text: 'hi' }, from: 'shop', node: server.nodeId },
    ]);
    expect((await post('room/1', { data: 'again', id: 'a1' })).body).toEqual(body);
    expect(listener.heard).toHaveLength(1);
    server.topics?.unsubscribe('room/1', listener);
  });

  it('[HUB-11] reads what is kept, page by page, through the view of who asks', async () => {
    const places: unknown[] = [];
    for (const n of [1, 2, 3]) places.push((await post('user/ann', { data: n })).body);
    const { epoch, offset } = places[0] as { epoch: string; offset: number };
    const page = await get(`user/ann?after=${epoch}:${offset}&limit=1`);
    expect(page.body).toMatchObject({
      messages: [{ ...(places[1] as object), data: 2, name: '', from: 'shop' }],
      recovered: true,
      hasMore: true,
    });
    expect(await get(`user/ann?after=old:${offset}`)).toMatchObject({ body: { recovered: false } });
    await post('room/1', { data: { text: 'hi', by: 'TEST_SECRET' } });
    expect((await get('room/1?limit=1', 'guest')).body).toMatchObject({
      messages: [{ data: { text: 'hi' } }],
    });
  });

  it('[HUB-11] takes any topic that a path can name', async () => {
    const topic = 'tenant/ä b?#%/c';
    expect((await post(encodeURIComponent(topic), { data: 1 })).status).toBe(200);
    const { messages } =
      (await server.topics?.history(topic, new Listener('a', ['BACKEND']).principal, undefined, 9)) ?? {};
    expect(messages).toHaveLength(1);
  });

  it('[HUB-11] refuses with a status and a code', async () => {
    const big = 'x'.repeat(LIMITS.topicBodyBytes);
    const answers = await Promise.all([
      post('room/1', { data: 1 }, 'nobody'),
      post('room/1', { data: 1 }, 'guest'),
      get('staff', 'guest'),
      get('news'),
      get('news', 'nobody'),
      post('room/1', { data: big }),
      post('room/1', '{'),
      post('room/1', { name: 'without data' }),
      post('room/1', { data: 1, more: 1 }),
      post('room/1', { data: 1, id: 'a b' }),
      post('', { data: 1 }),
      post('%ff', { data: 1 }),
      get('room/1?after=nonsense'),
      get('room/1?limit=0'),
      get('n'.repeat(LIMITS.topicChars + 1)),
      get(`room/1?limit=${LIMITS.topicHistory + 1}`),
    ]);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [401, 'AUTH_REQUIRED'],
      [403, 'TOPIC_DENIED'],
      [403, 'TOPIC_DENIED'],
      [404, 'NOT_FOUND'],
      [401, 'AUTH_REQUIRED'],
      [413, 'LIMIT'],
      [400, 'BAD_MESSAGE'],
      [400, 'BAD_MESSAGE'],
      [400, 'BAD_MESSAGE'],
      [400, 'TOPIC_INVALID'],
      [400, 'TOPIC_INVALID'],
      [400, 'BAD_REQUEST'],
      [400, 'BAD_REQUEST'],
      [400, 'BAD_REQUEST'],
      [400, 'TOPIC_INVALID'],
      [400, 'BAD_REQUEST'],
    ]);
  });

  it('[HUB-11] a log that may drop nothing says when it is full', async () => {
    for (const n of [1, 2]) expect((await post('two/a', { data: n })).status).toBe(200);
    expect(await post('two/a', { data: 3 })).toMatchObject({
      status: 429,
      retryAfter: '1',
      body: { code: 'TOPIC_FULL' },
    });
    expect(await post('small/a', { data: 'x'.repeat(1_000) })).toMatchObject({
      status: 507,
      body: { code: 'TOPIC_FULL_BYTES' },
    });
    expect((await post('two/b', { data: 3 })).status).toBe(200);
  });

  it('[HUB-3] other policies end subscriptions at once', async () => {
    const gil = new Listener('gil', ['GUEST']);
    await server.topics?.subscribe('news', gil);
    server.setPolicies([{ role: 'BACKEND', map: 'topic:**', actions: ['READ', 'PUT'] }]);
    expect(gil.ends).toEqual([['news', 'DENIED']]);
  });

  it('[HUB-10] the program publishes as the server itself; durable messages are there after a restart', async () => {
    const { ts, ...sent } = await server.publish('mailbox/ab', 'letter', { name: 'mail', id: 'l1' });
    expect(sent).toMatchObject({ from: '', name: 'mail', id: 'l1' });
    await server.shutdown();
    await expect(server.publish('news', 1)).rejects.toMatchObject({ code: 'SERVER_STATE' });
    await start();
    const { body } = await get('mailbox/ab');
    expect(body).toMatchObject({ messages: [{ id: 'l1', data: 'letter', ts }] });
    expect((await get('room/1')).body).toMatchObject({ messages: [] });
  });
});
