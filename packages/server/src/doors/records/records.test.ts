import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@topgun/protocol';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerCoordinator } from '../../ServerCoordinator.js';

const SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';

const tokenOf = (sub: string, role: string): Promise<string> =>
  new SignJWT({ roles: [role] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuer('topgun')
    .setAudience('topgun')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));

let folder: string;
let server: ServerCoordinator;
let tokens: Readonly<Record<'shop' | 'other' | 'guest' | 'banned', string>>;
const present: string[] = [];

const start = async (): Promise<void> => {
  server = new ServerCoordinator(
    {
      port: 0,
      dataDir: folder,
      logLevel: 'silent',
      drainMs: 50,
      jwtSecret: SECRET,
      policies: [
        { role: 'BACKEND', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
        {
          role: 'GUEST',
          map: 'todos',
          actions: ['READ'],
          fields: ['title'],
          where: { op: 'eq', path: 'open', value: true },
        },
        { role: 'GUEST', map: 'inbox', actions: ['PUT'] },
      ],
      resolvers: [
        { map: 'checked:*', resolver: 'VERSION_INCREMENT' },
        { map: 'once:*', resolver: 'FIRST_WRITE_WINS' },
      ],
    },
    {
      interceptors: [
        {
          name: 'door',
          onConnection: ({ principal: { sub } }) => sub !== 'banned',
          onBeforeOp: ({ connection, writes }) => {
            present.push(`${connection.principal.sub} ${connection.door}`);
            return writes.some(({ key }) => key === 'slowly')
              ? { action: 'delay', code: 'RATE', retryAfterMs: 3_000 }
              : undefined;
          },
        },
      ],
    },
  );
  await server.start();
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-records-'));
  tokens = {
    shop: await tokenOf('shop', 'BACKEND'),
    other: await tokenOf('other', 'BACKEND'),
    guest: await tokenOf('gil', 'GUEST'),
    banned: await tokenOf('banned', 'BACKEND'),
  };
  await start();
});
afterAll(async () => {
  await server.shutdown();
  await rm(folder, { recursive: true, force: true });
});

interface Asking {
  readonly body?: unknown;
  readonly key?: string;
  readonly as?: keyof typeof tokens | 'nobody';
}

async function ask(method: string, path: string, { body, key, as = 'shop' }: Asking = {}) {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: {
      ...(as !== 'nobody' && { Authorization: `Bearer ${tokens[as]}` }),
      ...(key !== undefined && { 'Idempotency-Key': key }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    // biome-ignore lint/suspicious/noExplicitAny: whatever JSON it is
    body: (await response.json()) as any,
  };
}

const put = (
  map: string,
  key: string,
  value: unknown,
  more: Asking & { base?: string; ttlMs?: number } = {},
) => {
  const { base, ttlMs, ...asking } = more;
  return ask('PUT', `/api/records/${map}/${encodeURIComponent(key)}`, {
    ...asking,
    body: { value, base, ttlMs },
  });
};
const get = (map: string, key: string, as?: Asking['as']) =>
  ask('GET', `/api/records/${map}/${encodeURIComponent(key)}`, as && { as });
const write = (ops: readonly unknown[], more: Asking & { atomic?: boolean } = {}) => {
  const { atomic, ...asking } = more;
  return ask('POST', '/api/records', { ...asking, body: { ops, atomic } });
};
const query = (question: unknown, as?: Asking['as']) =>
  ask('POST', '/api/query', { body: question, ...(as && { as }) });

describe('/api/records', () => {
  it('[REC-3] [REC-5] sets, reads and removes a record', async () => {
    const set = await put('todos', 'a/ä 1', { title: 'Milk', at: { $date: '2026-11-21T12:00:00.000Z' } });
    expect(set).toMatchObject({ status: 200, body: { outcome: 'applied', version: expect.any(String) } });
    expect(await get('todos', 'a/ä 1')).toMatchObject({
      status: 200,
      body: {
        key: 'a/ä 1',
        kind: 'LWW',
        value: { title: 'Milk', at: { $date: '2026-11-21T12:00:00.000Z' } },
        version: set.body.version,
      },
    });
    expect(await ask('DELETE', '/api/records/todos/a%2F%C3%A4%201')).toMatchObject({
      status: 200,
      body: { outcome: 'applied' },
    });
    expect(await get('todos', 'a/ä 1')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  it('[REC-5] each write is later than what the server has seen', async () => {
    const versions: number[] = [];
    for (let n = 0; n < 20; n++) {
      const { body } = await write(
        [1, 2, 3].map((at) => ({ op: 'set', map: 'm', key: 'k', value: [n, at] })),
      );
      for (const { outcome, version } of body.results) {
        expect(outcome).toBe('applied');
        versions.push(Number(version.split('@')[0]));
      }
      expect((await get('m', 'k')).body.value).toEqual([n, 3]);
    }
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  });

  it('[REC-6] says of each op of a batch what became of it', async () => {
    const { status, body } = await write([
      { op: 'set', map: 'todos', key: '1', value: { title: 'Tea' } },
      { op: 'increment', map: 'visits', key: 'home', by: 3 },
      { op: 'increment', map: 'visits', key: 'home', by: -1 },
      { op: 'add', map: 'tags', key: '1', value: 'red' },
      { op: 'add', map: 'tags', key: '1', value: 'blue' },
      { op: 'increment', map: 'todos', key: '1', by: 1 },
      { op: 'remove', map: 'nothing', key: '1' },
    ]);
    expect(status).toBe(200);
    expect(body.results).toMatchObject([
      { outcome: 'applied' },
      { outcome: 'applied', record: { value: 2 } },
      { outcome: 'applied', record: { key: 'home', value: 2 } },
      { outcome: 'applied', tag: expect.any(String) },
      { outcome: 'applied', tag: expect.any(String) },
      { outcome: 'rejected', code: 'WRONG_KIND', remedy: expect.any(String) },
      { outcome: 'applied' },
    ]);
    expect((await get('visits', 'home')).body).toMatchObject({ kind: 'PN', value: 2 });
    const { elements } = (await get('tags', '1')).body;
    expect(elements).toMatchObject([
      { tag: body.results[3].tag, value: 'red' },
      { tag: body.results[4].tag, value: 'blue' },
    ]);
    await write([{ op: 'remove', map: 'tags', key: '1', tags: [elements[0].tag] }]);
    expect((await get('tags', '1')).body.elements).toMatchObject([{ value: 'blue' }]);
    expect(await get('tags', '2')).toMatchObject({ status: 404 });
  });

  it('[REC-5] does one op of any kind on the key of the path', async () => {
    const change = (key: string, body: unknown) => ask('POST', `/api/records/${key}`, { body });
    const { status, body } = await change('tags/alone', { op: 'add', value: 'x' });
    expect([status, body]).toEqual([
      200,
      { outcome: 'applied', tag: expect.any(String), version: expect.any(String) },
    ]);
    expect(await change('visits/alone', { op: 'increment', by: 2 })).toMatchObject({
      body: { record: { value: 2 } },
    });
    expect(await change('tags/alone', { op: 'remove', tags: [body.tag] })).toMatchObject({ status: 200 });
    expect(await change('todos/alone', { op: 'increment', by: 2 })).toMatchObject({
      status: 409,
      body: { outcome: 'rejected', code: 'WRONG_KIND' },
    });
    expect(await change('todos/alone', 'null')).toMatchObject({ status: 400, body: { code: 'BAD_MESSAGE' } });
    expect(await get('tags', 'alone')).toMatchObject({ status: 404 });
  });

  it('[REC-6] an atomic batch stands or falls as one', async () => {
    const ops = [
      { op: 'set', map: 'accounts', key: '{x}a', value: 1 },
      { op: 'increment', map: 'visits', key: '{x}b', by: 1 },
    ];
    expect(await write(ops, { atomic: true })).toMatchObject({
      status: 200,
      body: { outcome: 'applied' },
    });
    const { tags } = (
      await write([...ops, { op: 'add', map: 'tags', key: '{x}c', value: 1 }], { atomic: true })
    ).body;
    expect(tags).toEqual([null, null, expect.any(String)]);
    expect((await get('tags', '{x}c')).body.elements).toMatchObject([{ tag: tags[2] }]);
    const bad = [
      { op: 'set', map: 'accounts', key: '{x}a', value: 2 },
      { op: 'set', map: 'visits', key: '{x}b', value: 1 },
    ];
    expect(await write(bad, { atomic: true })).toMatchObject({
      status: 409,
      body: { outcome: 'rejected', code: 'WRONG_KIND' },
    });
    const far = [...'abcd'].map((key) => ({ op: 'set', map: 'accounts', key, value: 2 }));
    expect(await write(far, { atomic: true })).toMatchObject({
      status: 400,
      body: { code: 'CROSS_PARTITION' },
    });
    expect((await get('accounts', '{x}a')).body.value).toBe(1);
  });

  it('[REC-10] base makes writes conditional where the resolver of the map asks for it', async () => {
    expect((await put('once:a', 'k', 'first')).body).toMatchObject({ outcome: 'applied' });
    expect((await put('once:a', 'k', 'second')).body).toMatchObject({
      outcome: 'superseded',
      record: { value: 'first' },
    });
    const { version } = (await put('checked:a', 'k', { version: 1 })).body;
    expect(await put('checked:a', 'k', { version: 3 })).toMatchObject({
      status: 409,
      body: { code: 'RESOLVER_REJECTED', reason: 'The version must be 2, found 3.' },
    });
    const second = await put('checked:a', 'k', { version: 2 }, { base: version });
    expect(second).toMatchObject({ status: 200 });
    const gone = (base: string) => ask('DELETE', `/api/records/checked:a/k?base=${encodeURIComponent(base)}`);
    expect(await gone(version)).toMatchObject({ status: 409 });
    expect(await gone(second.body.version)).toMatchObject({ status: 200 });
  });

  it('[REC-8] the same request again has its effect once, at once and after a restart', async () => {
    const ops = [
      { op: 'increment', map: 'visits', key: 'twice', by: 1 },
      { op: 'add', map: 'tags', key: 'twice', value: 1 },
      { op: 'set', map: 'tags', key: 'x', value: 1 },
    ];
    const all = await Promise.all(Array.from({ length: 8 }, () => write(ops, { key: 'order-17' })));
    const first = all.find(({ body }) => body.results[0].repeated === undefined);
    const { tag } = first?.body.results[1] ?? {};
    for (const { status, body } of all) {
      expect(status).toBe(200);
      expect(body.results).toMatchObject([
        { outcome: 'applied' },
        { outcome: 'applied', tag },
        { code: 'WRONG_KIND' },
      ]);
    }
    await server.shutdown();
    await start();
    expect((await write(ops, { key: 'order-17' })).body.results).toMatchObject([
      { outcome: 'applied', repeated: true, record: { value: 1 } },
      { outcome: 'applied', repeated: true, tag },
      { outcome: 'rejected', code: 'WRONG_KIND' },
    ]);
    expect((await get('visits', 'twice')).body.value).toBe(1);
    expect((await get('tags', 'twice')).body.elements).toHaveLength(1);
    // Somebody else's key is another one.
    await write(ops, { key: 'order-17', as: 'other' });
    expect((await get('visits', 'twice')).body.value).toBe(2);
  });

  it('[REC-8] other content under a known key is refused', async () => {
    await put('todos', 'k', 1, { key: 'once' });
    expect(await put('todos', 'k', 2, { key: 'once' })).toMatchObject({
      status: 422,
      body: { code: 'ID_REUSED' },
    });
    expect((await get('todos', 'k')).body.value).toBe(1);
  });

  it('[REC-1] interceptors let requests in as they do sockets, and may delay their ops', async () => {
    present.length = 0;
    await put('todos', 'seen', 1);
    expect(present).toEqual(['shop http']);
    expect(await get('todos', 'seen', 'banned')).toMatchObject({
      status: 403,
      body: { code: 'AUTH_FAILED' },
    });
    expect(await put('todos', 'slowly', 1)).toMatchObject({
      status: 429,
      retryAfter: '3',
      body: { outcome: 'rejected', code: 'RATE', retryAfterMs: 3_000 },
    });
    expect(server.stats()).toMatchObject({ connections: 0 });
  });

  it('[REC-3] what may not be seen is as if it were not there', async () => {
    await put('todos', 'shown', { title: 'Tea', open: true, by: 'SECRET' });
    await put('todos', 'hidden', { title: 'SECRET', open: false });
    expect((await get('todos', 'shown', 'guest')).body).toMatchObject({ value: { title: 'Tea' } });
    const [hidden, none] = [await get('todos', 'hidden', 'guest'), await get('todos', 'none', 'guest')];
    expect(hidden).toEqual(none);
    expect(hidden.status).toBe(404);
    expect(await get('visits', 'home', 'guest')).toMatchObject({ status: 403, body: { code: 'DENIED' } });
    expect(await put('todos', 'shown', 1, { as: 'guest' })).toMatchObject({
      status: 403,
      body: { code: 'DENIED' },
    });
    // Who writes what he may not read learns nothing of what stands.
    await put('inbox', 'k', 'theirs');
    expect((await put('inbox', 'k', 'mine', { as: 'guest' })).body).toEqual({
      outcome: 'applied',
      version: expect.any(String),
    });
  });

  it('[REC-2] [REC-7] [REC-8] refuses with a status, a code and what to do', async () => {
    const big = 'x'.repeat(LIMITS.recordBodyBytes + 1);
    const deep = `{"value":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const set = { op: 'set', map: 'm', key: 'k', value: 1 };
    const answers = await Promise.all([
      put('m', 'k', 1, { as: 'nobody' }),
      ask('PUT', '/api/records/m/k', { body: big }),
      ask('PUT', '/api/records/m/k', { body: '{' }),
      ask('PUT', '/api/records/m/k', { body: {} }),
      ask('PUT', '/api/records/m/k', { body: deep }),
      ask('PUT', '/api/records/m/k', { body: { value: 1, more: 1 } }),
      ask('PUT', '/api/records/m', { body: { value: 1 } }),
      ask('PUT', '/api/records/m/k/l', { body: { value: 1 } }),
      ask('PUT', '/api/records/m/%ff', { body: { value: 1 } }),
      put('m%20n', 'k', 1),
      put('m', 'k'.repeat(LIMITS.keyBytes + 1), 1),
      put('m', 'k', { $date: 'never' }),
      put('m', 'k', 1, { ttlMs: LIMITS.ttlMs + 1 }),
      put('m', 'k', 1, { base: 'nonsense' }),
      put('m', 'k', 1, { key: 'x'.repeat(LIMITS.requestKeyChars + 1) }),
      ask('PUT', '/api/records/m/k?concern=FIRE_AND_FORGET', { body: { value: 1 } }),
      ask('PUT', '/api/records/m/k?concern=REPLICATED', { body: { value: 1 } }),
      write([]),
      write(Array.from({ length: LIMITS.opsPerFrame + 1 }, () => set)),
      write([{ ...set, by: 1 }]),
      write([{ op: 'increment', map: 'visits', key: 'k', by: 0 }]),
      write([{ op: 'remove', map: 'tags', key: 'k', tags: [] }]),
    ]);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [401, 'AUTH_REQUIRED'],
      [413, 'LIMIT'],
      ...Array.from({ length: 14 }, () => [400, 'BAD_MESSAGE']),
      [400, 'REPLICATED_UNSUPPORTED'],
      ...Array.from({ length: 5 }, () => [400, 'BAD_MESSAGE']),
    ]);
  });

  it('[REC-7] an earlier answer is given where it is asked for', async () => {
    for (const concern of ['MEMORY', 'APPLIED', 'PERSISTED'])
      expect(
        await ask('PUT', `/api/records/todos/early?concern=${concern}`, { body: { value: concern } }),
      ).toMatchObject({ status: 200, body: { outcome: 'applied' } });
    expect((await get('todos', 'early')).body.value).toBe('PERSISTED');
  });
});

describe('/api/query', () => {
  it('[REC-4] answers in the order of the query, page by page', async () => {
    await write(
      Array.from({ length: 25 }, (_, n) => ({
        op: 'set',
        map: 'paged',
        key: `k${n}`,
        value: { n, even: n % 2 === 0, at: { $date: new Date(1_000 * n).toISOString() } },
      })),
    );
    const seen: number[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const { status, body } = await query({
        map: 'paged',
        where: { even: true, at: { $gte: { $date: new Date(0).toISOString() } } },
        sort: { at: 'desc' },
        limit: 5,
        after,
      });
      expect(status).toBe(200);
      seen.push(...body.rows.map(({ value }: { value: { n: number } }) => value.n));
      after = body.next;
      pages++;
    } while (after !== undefined);
    expect([pages, seen]).toEqual([3, [24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0]]);
  });

  it('[REC-4] asks elements and counters too, and shows what may be seen', async () => {
    await write([
      { op: 'add', map: 'labels', key: 'a', value: { n: 1 } },
      { op: 'add', map: 'labels', key: 'a', value: { n: 2 } },
      { op: 'increment', map: 'hits', key: 'a', by: 5 },
      { op: 'set', map: 'todos', key: 'q1', value: { title: 'Q', open: true, by: 'SECRET' } },
    ]);
    const first = await query({ map: 'labels', sort: { n: 'asc' }, limit: 1 });
    expect(first.body).toMatchObject({ rows: [{ key: 'a', value: { n: 1 }, tag: expect.any(String) }] });
    const second = await query({ map: 'labels', sort: { n: 'asc' }, limit: 1, after: first.body.next });
    expect(second.body).toEqual({ rows: [expect.objectContaining({ value: { n: 2 } })] });
    expect((await query({ map: 'hits' })).body.rows).toMatchObject([{ key: 'a', value: 5 }]);
    const { body } = await query({ map: 'todos', where: { title: 'Q' } }, 'guest');
    expect(body.rows.map(({ value }: { value: unknown }) => value)).toEqual([{ title: 'Q' }]);
    expect((await query({ map: 'none' })).body).toEqual({ rows: [] });
  });

  it('[REC-4] a page ends where it is full', async () => {
    const text = 'x'.repeat(150_000);
    for (let n = 0; n < 9; n++) await put('large', `k${n}`, text);
    const counts: number[] = [];
    let after: string | undefined;
    do {
      const { body } = await query({ map: 'large', after });
      counts.push(body.rows.length);
      expect(JSON.stringify(body).length).toBeLessThan(LIMITS.recordPageBytes + text.length);
      after = body.next;
    } while (after !== undefined);
    expect(counts).toEqual([3, 3, 3]);
  });

  it('[REC-4] refuses what is no query, and what may not be asked', async () => {
    const { next } = (await query({ map: 'paged', limit: 1 })).body;
    const answers = await Promise.all([
      query({ map: 'todos' }, 'nobody'),
      query({ map: 'paged' }, 'guest'),
      query({ map: 'todos', where: { by: 'SECRET' } }, 'guest'),
      query({}),
      query({ map: 'm', limit: 0 }),
      query({ map: 'm', limit: LIMITS.recordPage + 1 }),
      query({ map: 'm', where: { a: { $near: 1 } } }),
      query({ map: 'm', sort: { a: 'up' } }),
      query({ map: 'a b' }),
      query({ map: 'paged', after: 'nonsense' }),
      query({ map: 'paged', sort: { n: 'asc' }, after: next }),
    ]);
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [401, 'AUTH_REQUIRED'],
      [403, 'DENIED'],
      [403, 'DENIED'],
      [400, 'BAD_MESSAGE'],
      [400, 'BAD_MESSAGE'],
      [400, 'BAD_MESSAGE'],
      [400, 'PREDICATE_OPERATOR_UNKNOWN'],
      [400, 'QUERY_INVALID'],
      [400, 'BAD_MESSAGE'],
      [400, 'CURSOR_INVALID'],
      [400, 'CURSOR_INVALID'],
    ]);
    expect(server.stats()).toMatchObject({ connections: 0, queries: 0 });
  });
});
