import { describe, expect, it } from 'vitest';
import type { TopGunHttpOptions } from './HttpCaller.js';
import { TopGunHttp } from './TopGunHttp.js';

interface Asked {
  readonly url: string;
  readonly method: string;
  readonly authorization: string | null;
  readonly body: unknown;
  readonly key?: string;
}

/** A client whose server answers what the test says. */
function clientOf(
  answer: (signal: AbortSignal | null | undefined) => Response | Promise<Response>,
  options: Partial<TopGunHttpOptions> = {},
) {
  const asked: Asked[] = [];
  const topgun = new TopGunHttp({
    url: 'https://data.example.org/',
    token: () => 'token-1',
    ...options,
    fetch: async (url, init) => {
      const { method = 'GET', headers, body } = init ?? {};
      const authorization = new Headers(headers).get('authorization');
      const key = new Headers(headers).get('idempotency-key');
      asked.push({
        ...(key !== null && { key }),
        url: String(url),
        method,
        authorization,
        body: body == null ? undefined : JSON.parse(String(body)),
      });
      return answer(init?.signal);
    },
  });
  return { topgun, asked };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

describe('TopGunHttp', () => {
  it('[HUB-12] publishes with name, id and time to live, and tells the place', async () => {
    const place = { epoch: 'e', offset: 7, id: 'a', ts: 1 };
    const { topgun, asked } = clientOf(() => json(place));
    expect(await topgun.publish('room/ä b', { text: 'hi' }, { name: 'said', id: 'a', ttlMs: 5 })).toEqual(
      place,
    );
    expect(asked).toEqual([
      {
        url: 'https://data.example.org/api/topics/room/%C3%A4%20b',
        method: 'POST',
        authorization: 'Bearer token-1',
        body: { data: { text: 'hi' }, name: 'said', id: 'a', ttlMs: 5 },
      },
    ]);
  });

  it('[HUB-12] reads what is kept after a position', async () => {
    const history = { messages: [], recovered: true, latest: { epoch: 'e', offset: 7 }, hasMore: false };
    const { topgun, asked } = clientOf(() => json(history));
    expect(await topgun.history('room/1', { after: { epoch: 'e', offset: 6 }, limit: 5 })).toEqual(history);
    expect(asked[0]?.url).toBe('https://data.example.org/api/topics/room/1?limit=5&after=e%3A6');
  });

  it('[HUB-12] throws what the server refused, and says whether it may succeed later', async () => {
    const denied = clientOf(() => json({ code: 'TOPIC_DENIED', message: 'No.', remedy: 'Ask.' }, 403));
    await expect(denied.topgun.publish('t', 1)).rejects.toMatchObject({
      code: 'TOPIC_DENIED',
      message: 'No.',
      remedy: 'Ask.',
      status: 403,
      retriable: false,
    });
    const full = clientOf(() => json({ code: 'TOPIC_FULL' }, 429, { 'retry-after': '2' }));
    await expect(full.topgun.publish('t', 1)).rejects.toMatchObject({
      code: 'TOPIC_FULL',
      status: 429,
      retriable: true,
      retryAfterMs: 2_000,
    });
  });

  it('[HUB-12] throws where there was no answer, or none of such a server', async () => {
    const never = { retries: 0 };
    const html = clientOf(() => new Response('<html>', { status: 200 }));
    await expect(html.topgun.history('t')).rejects.toMatchObject({ code: 'BAD_ANSWER', status: 200 });
    const broken = clientOf(() => new Response('<html>', { status: 502 }), never);
    await expect(broken.topgun.history('t')).rejects.toMatchObject({ code: 'BAD_ANSWER', retriable: true });
    const away = clientOf(() => Promise.reject(new TypeError('fetch failed')), never);
    await expect(away.topgun.history('t')).rejects.toMatchObject({
      code: 'NETWORK',
      status: 0,
      retriable: true,
    });
    const late = clientOf(
      (signal) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
      { ...never, timeoutMs: 20 },
    );
    await expect(late.topgun.history('t')).rejects.toMatchObject({
      code: 'TIMEOUT',
      status: 0,
      retriable: true,
    });
  });
});

describe('TopGunHttp and records', () => {
  const when = new Date('2026-11-21T12:00:00.000Z');

  it('[REC-11] reads a record, elements and rows as they were written', async () => {
    const at = { $date: when.toISOString() };
    const record = { key: 'a', kind: 'LWW', value: { at }, version: '1@n' };
    const one = clientOf(() => json(record));
    expect(await one.topgun.get('todos', 'a/b')).toMatchObject({ value: { at: when }, version: '1@n' });
    expect(one.asked[0]).toMatchObject({
      method: 'GET',
      url: 'https://data.example.org/api/records/todos/a%2Fb',
    });
    const none = clientOf(() => json({ code: 'NOT_FOUND' }, 404));
    expect(await none.topgun.get('todos', 'a')).toBeUndefined();
    expect(await none.topgun.elements('tags', 'a')).toEqual([]);
    const some = clientOf(() =>
      json({ key: 'a', kind: 'OR', elements: [{ tag: 't', value: at, version: 'v' }] }),
    );
    expect(await some.topgun.elements('tags', 'a')).toEqual([{ tag: 't', value: when, version: 'v' }]);
    const page = clientOf(() => json({ rows: [record], next: 'c' }));
    const where = { at: { $gte: when } };
    expect(await page.topgun.query('todos', { where, limit: 1 })).toMatchObject({
      rows: [{ value: { at: when } }],
      next: 'c',
    });
    expect(page.asked[0]?.body).toEqual({ map: 'todos', where: { at: { $gte: at } }, limit: 1 });
  });

  it('[REC-11] writes under a key, and sends the same request again where there was no answer', async () => {
    let times = 0;
    const { topgun, asked } = clientOf(() => {
      times++;
      if (times === 1) throw new TypeError('fetch failed');
      if (times === 2) return json({ code: 'UNAVAILABLE' }, 503, { 'retry-after': '0' });
      return json({ outcome: 'applied', version: '1@n' });
    });
    expect(await topgun.set('todos', 'a', when, { ttlMs: 5, base: 'b' })).toMatchObject({
      outcome: 'applied',
    });
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
    expect(asked[0]).toMatchObject({
      method: 'PUT',
      key: expect.stringMatching(/^[\w-]{22}$/),
      body: { value: { $date: when.toISOString() }, ttlMs: 5, base: 'b' },
    });
  });

  it('[REC-11] adds, increments, removes, and does many at once', async () => {
    const written = (more: object) => clientOf(() => json({ outcome: 'applied', ...more }));
    const add = written({ tag: 't' });
    expect((await add.topgun.add('tags', 'a', 1, { idempotencyKey: 'k', concern: 'APPLIED' })).tag).toBe('t');
    expect(add.asked[0]).toMatchObject({
      method: 'POST',
      url: 'https://data.example.org/api/records/tags/a?concern=APPLIED',
      key: 'k',
      body: { op: 'add', value: 1 },
    });
    expect(
      await written({ record: { key: 'a', value: 7, version: 'v' } }).topgun.increment('hits', 'a'),
    ).toBe(7);
    const removal = written({});
    await removal.topgun.removeElements('tags', 'a', ['t']);
    expect(removal.asked[0]?.body).toEqual({ op: 'remove', tags: ['t'] });
    const plain = clientOf(() => json({ outcome: 'applied' }));
    await plain.topgun.remove('todos', 'a', { base: '1@n' });
    expect(plain.asked[0]).toMatchObject({
      method: 'DELETE',
      url: 'https://data.example.org/api/records/todos/a?base=1%40n',
    });
    const rejected = { outcome: 'rejected', code: 'DENIED', remedy: 'Ask.' };
    const stands = { outcome: 'superseded', record: { key: 'b', value: { $bigint: '7' }, version: 'v' } };
    const both = clientOf(() => json({ outcome: 'applied', tags: ['t', null] }));
    const added = { op: 'add', map: 'tags', key: '{a}', value: when } as const;
    expect(await both.topgun.transact([added, { ...added, op: 'set' }])).toMatchObject({ tags: ['t', null] });
    expect(both.asked[0]?.body).toMatchObject({ atomic: true, ops: [{ op: 'add' }, { op: 'set' }] });
    const many = clientOf(() => json({ results: [rejected, stands] }));
    const ops = [
      { op: 'set', map: 'm', key: 'a', value: 7n },
      { op: 'remove', map: 'm', key: 'b' },
    ] as const;
    expect(await many.topgun.write(ops)).toEqual([
      rejected,
      { ...stands, record: { ...stands.record, value: 7n } },
    ]);
    expect(many.asked[0]?.body).toEqual({ ops: [{ ...ops[0], value: { $bigint: '7' } }, ops[1]] });
  });

  it('[REC-11] throws what refused a write, with the reason as its message, and does not send it again', async () => {
    const result = { outcome: 'rejected', code: 'RESOLVER_REJECTED', remedy: 'Read.', reason: 'Too old.' };
    const { topgun, asked } = clientOf(() => json(result, 409));
    await expect(topgun.set('m', 'k', 1)).rejects.toMatchObject({
      code: 'RESOLVER_REJECTED',
      message: 'Too old.',
      remedy: 'Read.',
      status: 409,
      retriable: false,
    });
    expect(asked).toHaveLength(1);
  });

  it('[REC-11] gives up after as many times as it is told', async () => {
    const { topgun, asked } = clientOf(() => json({ code: 'RATE' }, 429, { 'retry-after': '0' }), {
      retries: 2,
    });
    await expect(topgun.write([])).rejects.toMatchObject({ code: 'RATE', retriable: true });
    expect(asked).toHaveLength(3);
    await expect(topgun.publish('t', 1)).rejects.toMatchObject({ code: 'RATE' });
    expect(asked).toHaveLength(4);
    await expect(topgun.publish('t', 1, { id: 'a' })).rejects.toMatchObject({ code: 'RATE' });
    expect(asked).toHaveLength(7);
  });
});
