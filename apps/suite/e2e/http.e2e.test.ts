import type { TopGunHttpError } from '@topgun/client/http';
import { describe, expect, it } from 'vitest';
import { allUrls, ask, backEnd, deviceOf, fresh } from './app/app.js';

describe('[CLU-75] records over HTTP', () => {
  it('a back end and a device see each other', async () => {
    const map = fresh('app/');
    const { client } = await deviceOf('ann');
    const notes = client.getMap(map);
    const store = backEnd('job');
    expect((await store.set(map, 'a', { at: new Date(5) })).outcome).toBe('applied');
    await expect.poll(() => notes.get('a')).toEqual({ at: new Date(5) });
    await notes.set('b', 7n).reached('persisted');
    expect((await store.get(map, 'b'))?.value).toBe(7n);
    await store.remove(map, 'a');
    await expect.poll(() => notes.has('a')).toBe(false);
    const tags = fresh('app/');
    const { tag } = await store.add(tags, 'a', 'new');
    await store.add(tags, 'a', 'hot');
    await store.removeElements(tags, 'a', [tag]);
    expect((await store.elements(tags, 'a')).map(({ value }) => value)).toEqual(['hot']);
    await expect.poll(() => client.getORMap(tags).get('a')).toEqual(['hot']);
  });

  it('of a batch each write is for itself, of a transaction all or none', async () => {
    const map = fresh('app/');
    const store = backEnd('job');
    const results = await store.write([
      { op: 'set', map, key: 'a', value: 1 },
      { op: 'set', map: 'nobody/may', key: 'a', value: 1 },
      { op: 'increment', map, key: 'a', by: 1 },
      { op: 'set', map, key: 'b', value: 2 },
    ]);
    expect(results.map((result) => ('code' in result ? result.code : result.outcome))).toEqual([
      'applied',
      'DENIED',
      'WRONG_KIND',
      'applied',
    ]);
    const both = (other: string) =>
      store.transact([
        { op: 'set', map, key: '{t}a', value: 1 },
        { op: 'set', map: other, key: '{t}b', value: 2 },
      ]);
    await expect(both('nobody/may')).rejects.toMatchObject({ code: 'DENIED' });
    expect(await store.get(map, '{t}a')).toBeUndefined();
    expect((await both(map)).outcome).toBe('applied');
    expect((await store.query(map, { sort: {} })).rows.length).toBe(4);
  });

  it('what is sent again under its key, to whatever node and at once, has its effect once', async () => {
    const counter = fresh('app/');
    const store = backEnd('job');
    const again = () => store.increment(counter, counter, 3, { idempotencyKey: `${counter}-1` });
    await Promise.all(Array.from({ length: 6 }, again));
    for (const _ of allUrls) await again();
    expect((await store.get(counter, counter))?.value).toBe(3);
    for (const _ of allUrls) {
      const other = store.increment(counter, counter, 4, { idempotencyKey: `${counter}-1` });
      await expect(other).rejects.toMatchObject({ code: 'ID_REUSED' });
    }
    // Another one's key is another key.
    await backEnd('other').increment(counter, counter, 3, { idempotencyKey: `${counter}-1` });
    expect((await store.get(counter, counter))?.value).toBe(6);
  });

  it('a write on a version is judged by the version that stands, wherever it was read', async () => {
    const key = fresh('account-');
    const store = backEnd('bank');
    await store.set('app/accounts', key, { version: 1, balance: 10 });
    for (let version = 1; version <= 6; version++) {
      const read = await store.get<{ version: number; balance: number }>('app/accounts', key);
      expect(read?.value.version).toBe(version);
      const spend = () =>
        store.set(
          'app/accounts',
          key,
          { version: version + 1, balance: 10 - version },
          { base: read?.version as string },
        );
      await spend();
      const refused: TopGunHttpError = await spend().then(
        () => expect.fail('it was taken'),
        (error) => error,
      );
      expect(refused.status).toBe(409);
    }
    expect((await store.get('app/accounts', key))?.value).toEqual({ version: 7, balance: 4 });
  });

  it('of many who create the same record at once one does', async () => {
    const key = fresh('seat-');
    const outcomes = await Promise.all(
      ['ann', 'ben', 'cid', 'dan', 'eve', 'fay'].map(
        async (by) => (await backEnd(by).set('app/seats', key, { by })).outcome,
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'applied').length).toBe(1);
  });

  it('an export has every row once, page by page from node to node', async () => {
    const map = fresh('app/');
    const store = backEnd('job');
    await store.write(Array.from({ length: 120 }, (_, n) => ({ op: 'set', map, key: `k${n}`, value: n })));
    await store.remove(map, 'k7');
    const found: number[] = [];
    let after: string | undefined;
    do {
      const answer = await ask(
        `/api/export?map=${encodeURIComponent(map)}&limit=25${after ? `&after=${after}` : ''}`,
      );
      const page = (await answer.json()) as { rows: { value: number }[]; next?: string };
      found.push(...page.rows.map(({ value }) => value));
      after = page.next;
    } while (after !== undefined);
    expect(found.sort((a, b) => a - b)).toEqual(
      Array.from({ length: 120 }, (_, n) => n).filter((n) => n !== 7),
    );
  });
});
