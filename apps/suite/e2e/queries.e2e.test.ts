import { aggregate, count, sum } from '@topgun/client/aggregates';
import { pages } from '@topgun/client/pages';
import { many, one, related, rows } from '@topgun/client/relations';
import { search } from '@topgun/client/search';
import { miniSearchIndex } from '@topgun/search';
import { describe, expect, it } from 'vitest';
import { backEnd, deviceOf, fresh, threeDevices } from './app/app.js';

interface Todo {
  readonly title: string;
  readonly done: boolean;
  readonly rank: number;
}

describe('[CLU-75] queries', () => {
  it('a live query with filter, order and limit follows the writes of all, and tells what enters and leaves', async () => {
    const [ann, ben, cid] = await threeDevices();
    const map = fresh('app/');
    const top = ann.client.query<Todo>(map, { where: { done: false }, sort: { rank: 'desc' }, limit: 3 });
    const shown = new Map<string, number>();
    const steps: string[] = [];
    top.onChanges((changes) => {
      for (const { type, key, value } of changes) {
        steps.push(`${type} ${key}`);
        if (value === undefined) shown.delete(key);
        else shown.set(key, value.rank);
      }
    });
    const ranks = (): readonly number[] => top.getResults().map(({ rank }) => rank);
    const [first, second] = [ben, cid].map(({ client }) => client.getMapWriter<Todo>(map));
    const put = (writer: typeof first, key: string, rank: number, done = false) =>
      writer?.set(key, { title: key, done, rank });
    put(first, 'a', 10);
    put(second, 'b', 20);
    await expect.poll(ranks).toEqual([20, 10]);
    put(first, 'c', 30);
    put(second, 'd', 5);
    await expect.poll(ranks).toEqual([30, 20, 10]);
    // One above the window pushes the last one out; one that is done lets the next in.
    put(second, 'e', 25);
    await expect.poll(ranks).toEqual([30, 25, 20]);
    put(first, 'c', 30, true);
    await expect.poll(ranks).toEqual([25, 20, 10]);
    await second?.remove('b').reached('persisted');
    await expect.poll(ranks).toEqual([25, 10, 5]);
    put(first, 'd', 50);
    await expect.poll(ranks).toEqual([50, 25, 10]);
    expect([...shown.values()].sort((a, b) => b - a)).toEqual([50, 25, 10]);
    for (const step of ['add c', 'remove a', 'remove c', 'add a', 'remove b', 'update d'])
      expect(steps).toContain(step);
    // Nobody holds the whole map for it.
    expect(top.completeness).toBe('complete');
  });

  it('every device has the same result for the same question, also one that comes later', async () => {
    const devices = await threeDevices();
    const map = fresh('app/');
    for (let i = 0; i < 60; i++)
      devices[i % 3]?.client
        .getMapWriter<Todo>(map)
        .set(`t${i}`, { title: `t${i}`, done: i % 4 === 0, rank: (i * 37) % 60 });
    for (const { client } of devices) await client.whenSynced();
    const filter = { where: { done: false, rank: { $gte: 20 } }, sort: { rank: 'asc' as const }, limit: 25 };
    const expected = Array.from({ length: 60 }, (_, i) => ({ i, rank: (i * 37) % 60 }))
      .filter(({ i, rank }) => i % 4 !== 0 && rank >= 20)
      .map(({ rank }) => rank)
      .sort((a, b) => a - b)
      .slice(0, 25);
    for (const { client } of [...devices, await deviceOf('eve')]) {
      const query = client.query<Todo>(map, filter);
      query.subscribe(() => undefined);
      await expect.poll(() => query.getResults().map(({ rank }) => rank)).toEqual(expected);
      await expect.poll(() => query.completeness).toBe('complete');
    }
    const page = await backEnd('dan').query<Todo>(map, filter);
    expect(page.rows.map(({ value }) => value.rank)).toEqual(expected);
  });

  it('pages show every row once, and the one that shows is live', async () => {
    const [ann, ben] = await threeDevices();
    const map = fresh('app/');
    const writer = ben.client.getMapWriter<{ n: number }>(map);
    for (let n = 0; n < 25; n++) writer.set(`k${n}`, { n });
    await ben.client.whenSynced();
    const list = pages<{ n: number }>(ann.client, map, { sort: { n: 'asc' }, pageSize: 10 });
    list.subscribe(() => undefined);
    const shown = () => list.getSnapshot().rows.map(({ n }) => n);
    const complete = () => expect.poll(() => list.getSnapshot().completeness).toBe('complete');
    await expect.poll(shown).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await complete();
    expect(list.next()).toBe(true);
    await expect.poll(shown).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    await complete();
    writer.remove('k12');
    await expect.poll(shown).toEqual([10, 11, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(list.next()).toBe(true);
    await expect.poll(shown).toEqual([21, 22, 23, 24]);
    await complete();
    expect(list.next()).toBe(false);
  });

  it('a cursor of one node is good at the next', async () => {
    const map = fresh('app/');
    const store = backEnd('ann');
    await store.write(Array.from({ length: 45 }, (_, n) => ({ op: 'set', map, key: `k${n}`, value: { n } })));
    const found: number[] = [];
    let after: string | undefined;
    do {
      const page = await store.query<{ n: number }>(map, {
        sort: { n: 'desc' },
        limit: 10,
        ...(after && { after }),
      });
      found.push(...page.rows.map(({ value }) => value.n));
      after = page.next;
    } while (after !== undefined);
    expect(found).toEqual(Array.from({ length: 45 }, (_, n) => 44 - n));
  });

  it('aggregates and relations follow the writes of all', async () => {
    const [ann, ben, cid] = await threeDevices();
    const posts = fresh('app/');
    const users = fresh('app/');
    const perUser = aggregate(ann.client, posts, {
      groupBy: 'by',
      select: { posts: count(), likes: sum('likes') },
      sort: { by: 'asc' },
    });
    perUser.subscribe(() => undefined);
    const withUsers = related(
      ann.client,
      rows<{ by: string; likes: number }>(posts, { sort: { likes: 'desc' }, limit: 2 }),
      {
        user: one<{ name: string }>(users, { from: 'by' }),
        others: many<{ name: string }>(users, { from: 'by', to: 'friend' }),
      },
    );
    withUsers.subscribe(() => undefined);
    ben.client.getMapWriter(users).set('u1', { name: 'Una' });
    cid.client.getMapWriter(users).set('u2', { name: 'Udo', friend: 'u1' });
    for (let i = 0; i < 12; i++)
      [ben, cid][i % 2]?.client.getMapWriter(posts).set(`p${i}`, { by: `u${(i % 2) + 1}`, likes: i });
    await expect
      .poll(() => perUser.getSnapshot().groups.map(({ by, posts: n, likes }) => [by, n, likes]))
      .toEqual([
        ['u1', 6, 30],
        ['u2', 6, 36],
      ]);
    const shown = () =>
      withUsers
        .getSnapshot()
        .rows.map(({ likes, user, others }) => [likes, user?.name, others.map(({ name }) => name)]);
    await expect.poll(shown).toEqual([
      [11, 'Udo', []],
      [10, 'Una', ['Udo']],
    ]);
    cid.client.getMapWriter(posts).remove('p11');
    ben.client.getMapWriter(users).set('u1', { name: 'Ulla' });
    await expect.poll(shown).toEqual([
      [10, 'Ulla', ['Udo']],
      [9, 'Udo', []],
    ]);
    await expect.poll(() => perUser.getSnapshot().groups.map(({ likes }) => likes)).toEqual([30, 25]);
  });

  it('a search finds what others have written, with and without the map on the device', async () => {
    const [ann, ben, cid] = await threeDevices();
    const map = fresh('app/');
    const texts = ['a red wine', 'red and white', 'white wine', 'a book about wine'];
    for (const [i, text] of texts.entries())
      [ben, cid][i % 2]?.client.getMapWriter(map).set(`n${i}`, { text });
    const options = {
      textIndex: miniSearchIndex,
      query: 'red wine',
      fields: { text: 1 },
      combine: 'all' as const,
    };
    const fetched = search<{ text: string }>(ann.client, map, { ...options, fetch: true });
    fetched.subscribe(() => undefined);
    await expect.poll(() => fetched.getResults().map(({ key }) => key)).toEqual(['n0']);
    cid.client.getMapWriter(map).set('n9', { text: 'wine, red' });
    await expect
      .poll(() =>
        fetched
          .getResults()
          .map(({ key }) => key)
          .sort(),
      )
      .toEqual(['n0', 'n9']);
    ben.client.getMap(map);
    const held = search<{ text: string }>(ben.client, map, { ...options, query: 'whi', prefix: 'last' });
    held.subscribe(() => undefined);
    await expect
      .poll(() =>
        held
          .getResults()
          .map(({ key }) => key)
          .sort(),
      )
      .toEqual(['n1', 'n2']);
  });
});
