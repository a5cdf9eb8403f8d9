import { LIMITS } from '@topgun/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { present, RecordsRig } from './testing/RecordsRig.js';

const rig = new RecordsRig();
const { put, query, write } = rig;
beforeAll(() => rig.open());
afterAll(() => rig.close());

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
      seen.push(...present(body.rows).map(({ value }) => (value as { readonly n: number }).n));
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
    expect(body.rows?.map(({ value }) => value)).toEqual([{ title: 'Q' }]);
    expect((await query({ map: 'none' })).body).toEqual({ rows: [] });
  });

  it('[REC-4] a page ends where it is full', async () => {
    const text = 'x'.repeat(150_000);
    for (let n = 0; n < 9; n++) await put('large', `k${n}`, text);
    const counts: number[] = [];
    let after: string | undefined;
    do {
      const { body } = await query({ map: 'large', after });
      counts.push(present(body.rows).length);
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
    expect(rig.server.stats()).toMatchObject({ connections: 0, queries: 0 });
  });
});
