import { LIMITS } from '@topgun/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { present, RecordsRig } from './testing/RecordsRig.js';

const rig = new RecordsRig();
const { ask, get, put, write } = rig;
beforeAll(() => rig.open());
afterAll(() => rig.close());

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
      for (const { outcome, version } of present(body.results)) {
        expect(outcome).toBe('applied');
        versions.push(Number(present(version).split('@')[0]));
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
      { tag: present(body.results?.[3]?.tag), value: 'red' },
      { tag: present(body.results?.[4]?.tag), value: 'blue' },
    ]);
    await write([{ op: 'remove', map: 'tags', key: '1', tags: [present(elements?.[0]?.tag)] }]);
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
    expect((await get('tags', '{x}c')).body.elements).toMatchObject([{ tag: present(tags?.[2]) }]);
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
    const version = present((await put('checked:a', 'k', { version: 1 })).body.version);
    expect(await put('checked:a', 'k', { version: 3 })).toMatchObject({
      status: 409,
      body: { code: 'RESOLVER_REJECTED', reason: 'The version must be 2, found 3.' },
    });
    const second = await put('checked:a', 'k', { version: 2 }, { base: version });
    expect(second).toMatchObject({ status: 200 });
    const gone = (base: string) => ask('DELETE', `/api/records/checked:a/k?base=${encodeURIComponent(base)}`);
    expect(await gone(version)).toMatchObject({ status: 409 });
    expect(await gone(present(second.body.version))).toMatchObject({ status: 200 });
  });

  it('[REC-8] the same request again has its effect once, at once and after a restart', async () => {
    const ops = [
      { op: 'increment', map: 'visits', key: 'twice', by: 1 },
      { op: 'add', map: 'tags', key: 'twice', value: 1 },
      { op: 'set', map: 'tags', key: 'x', value: 1 },
    ];
    const all = await Promise.all(Array.from({ length: 8 }, () => write(ops, { key: 'order-17' })));
    const first = all.find(({ body }) => present(body.results)[0]?.repeated === undefined);
    const tag = present(first?.body.results?.[1]?.tag);
    for (const { status, body } of all) {
      expect(status).toBe(200);
      expect(body.results).toMatchObject([
        { outcome: 'applied' },
        { outcome: 'applied', tag },
        { code: 'WRONG_KIND' },
      ]);
    }
    await rig.server.shutdown();
    await rig.start();
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
    rig.present.length = 0;
    await put('todos', 'seen', 1);
    expect(rig.present).toEqual(['shop http']);
    expect(await get('todos', 'seen', 'banned')).toMatchObject({
      status: 403,
      body: { code: 'AUTH_FAILED' },
    });
    expect(await put('todos', 'slowly', 1)).toMatchObject({
      status: 429,
      retryAfter: '3',
      body: { outcome: 'rejected', code: 'RATE', retryAfterMs: 3_000 },
    });
    expect(rig.server.stats()).toMatchObject({ connections: 0 });
  });

  it('[REC-1] [S003-5] a token is asked for first, at every door', async () => {
    const asks = [
      ['GET', '/api/records/todos/seen'],
      ['PUT', '/api/records/todos/seen'],
      ['POST', '/api/query'],
      ['POST', '/api/topics/tenant/acme'],
      ['GET', '/events/subscribe?streams=1'],
    ] as const;
    for (const [method, path] of asks)
      expect([path, await ask(method, path, { as: 'nobody' })]).toMatchObject([
        path,
        { status: 401, body: { code: 'AUTH_REQUIRED' } },
      ]);
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
