import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { FakeWorld } from '../engine/testing/FakeWorld.js';
import { queryClientOn } from '../engine/testing/queryClient.js';
import { many, one, related, rows } from '../relations.js';

const T = 1_600_000_000_000 * 2048;

interface User {
  readonly name: string;
}
interface Post {
  readonly title: string;
  readonly authorId?: string;
}
interface Comment {
  readonly postId: string;
  readonly at: number;
}

const includes = {
  author: one<User>('users', { from: 'authorId' }),
  comments: many<Comment>('comments', { to: 'postId', sort: { at: 'desc' }, limit: 2 }),
};

function local() {
  const world = new FakeWorld();
  const realm = world.started(undefined, { server: false });
  const { engine } = realm;
  return { world, realm, engine, ...queryClientOn(realm) };
}

/** Two posts of two authors, three comments on the first. */
function blog() {
  const made = local();
  const { engine } = made;
  engine.put('users', 'u1', { name: 'Ada' } satisfies User);
  engine.put('users', 'u2', { name: 'Bob' } satisfies User);
  engine.put('posts', 'p1', { title: 'one', authorId: 'u1' } satisfies Post);
  engine.put('posts', 'p2', { title: 'two', authorId: 'u2' } satisfies Post);
  for (let at = 1; at <= 3; at++) engine.put('comments', `c${at}`, { postId: 'p1', at } satisfies Comment);
  return made;
}

const posts = rows<Post>('posts', { sort: { title: 'asc' } });

describe('related', () => {
  it('[REL-1] gives each row its partners: by key and by path, in order, up to the limit', () => {
    const handle = related(blog().client, posts, includes);
    const [first, second] = handle.getSnapshot().rows;
    expect([first?.title, first?.author?.name]).toEqual(['one', 'Ada']);
    expect(first?.comments.map(({ at, _key }) => [at, _key])).toEqual([
      [3, 'c3'],
      [2, 'c2'],
    ]);
    expect(second).toEqual({
      _key: 'p2',
      title: 'two',
      authorId: 'u2',
      author: { _key: 'u2', name: 'Bob' },
      comments: [],
    });
  });

  it('[REL-2] own writes on all sides are in it in the same tick', () => {
    const { client, engine } = blog();
    const handle = related(client, posts, includes);
    const shown = (): unknown =>
      handle
        .getSnapshot()
        .rows.map(({ title, author, comments }) => [title, author?.name, comments.map(({ at }) => at)]);
    handle.getSnapshot();
    engine.put('users', 'u1', { name: 'Eve' });
    engine.remove('users', 'u2');
    engine.remove('comments', 'c3');
    engine.put('comments', 'c4', { postId: 'p2', at: 4 });
    expect(shown()).toEqual([
      ['one', 'Eve', [2, 1]],
      ['two', undefined, [4]],
    ]);
    engine.put('posts', 'p2', { title: 'zwei', authorId: 'u1' });
    engine.put('comments', 'c4', { postId: 'p1', at: 4 });
    engine.remove('posts', 'p1');
    engine.put('posts', 'p3', { title: 'none' });
    expect(shown()).toEqual([
      ['none', undefined, []],
      ['zwei', 'Eve', []],
    ]);
  });

  it('[REL-3] rows that did not change, and whose partners did not, are the same objects', () => {
    const { client, engine, world } = blog();
    const handle = related(client, posts, includes);
    const calls: (readonly unknown[])[] = [];
    handle.subscribe(({ rows: found }) => calls.push(found));
    engine.put('comments', 'c9', { postId: 'p1', at: 0 });
    engine.put('users', 'u9', { name: 'nobody here' });
    world.settle();
    expect(calls).toHaveLength(1);
    engine.put('users', 'u2', { name: 'Bo' });
    world.settle();
    expect(calls).toHaveLength(2);
    expect(calls[1]?.[0]).toBe(calls[0]?.[0]);
    expect(calls[1]?.[1]).not.toBe(calls[0]?.[1]);
    const snapshot = handle.getSnapshot();
    expect(handle.getSnapshot()).toBe(snapshot);
    expect(related(client, posts, { ...includes }).getSnapshot()).toBe(snapshot);
  });

  it('[REL-4] is complete when the rows of all maps are in', () => {
    const world = new FakeWorld();
    const { server } = world;
    server.put('posts', 'p1', { title: 'one', authorId: 'u1' }, T);
    server.put('users', 'u1', { name: 'Ada' }, T + 1);
    server.put('comments', 'c1', { postId: 'p1', at: 1 }, T + 2);
    const realm = world.started();
    const handle = related(queryClientOn(realm).client, posts, includes);
    const seen: unknown[] = [];
    handle.subscribe(({ rows: found, completeness }) => seen.push([found.length, completeness]));
    expect(seen).toEqual([[0, 'partial']]);
    world.settle();
    expect(handle.getSnapshot()).toMatchObject({
      rows: [{ title: 'one', author: { name: 'Ada' }, comments: [{ at: 1 }] }],
      completeness: 'complete',
    });
    server.refuse = () => undefined;
    server.put('users', 'u1', { name: 'Eve' }, T + 3);
    world.settle();
    expect(handle.getSnapshot().rows[0]?.author?.name).toBe('Eve');
  });

  it('[REL-4] is partial while only the partners are missing', () => {
    const world = new FakeWorld();
    world.server.put('users', 'u1', { name: 'Ada' }, T + 1);
    const realm = world.started();
    realm.engine.openMap('posts', 'LWW');
    world.settle();
    world.cutNetwork();
    realm.engine.put('posts', 'p1', { title: 'one', authorId: 'u1' });
    const handle = related(queryClientOn(realm).client, posts, { author: includes.author });
    expect(handle.getSnapshot()).toMatchObject({ rows: [{ author: undefined }], completeness: 'partial' });
    world.healNetwork();
    expect(handle.getSnapshot()).toMatchObject({
      rows: [{ author: { name: 'Ada' } }],
      completeness: 'complete',
    });
  });

  it('[REL-2] a map may be related to itself, and elements of OR maps have keys to be found by', () => {
    const { client, engine } = local();
    engine.put('people', 'a', { boss: 'b' });
    engine.put('people', 'b', {});
    const people = related(client, rows<{ boss?: string }>('people'), {
      head: one<object>('people', { from: 'boss' }),
      team: many<object>('people', { to: 'boss' }),
      tags: many<string>('tags', { sort: { '': 'asc' } }),
    });
    engine.openMap('tags', 'OR');
    engine.orAdd('tags', 'a', 'y');
    engine.orAdd('tags', 'a', 'x');
    const [a, b] = people.getSnapshot().rows;
    expect([a?.head?._key, a?.team, a?.tags.map(({ value }) => value)]).toEqual(['b', [], ['x', 'y']]);
    expect([b?.head, b?.team.map(({ _key }) => _key)]).toEqual([undefined, ['a']]);
  });

  it('[REL-2] goes on after its queries were closed for want of readers', () => {
    const { client, engine, closeIdle, realm } = blog();
    const handle = related(client, posts, includes);
    handle.getSnapshot();
    // Somebody else keeps one of the queries open.
    const users = related(client, rows<User>('users'), { self: one<User>('users', {}) });
    const end = users.onSnapshot(() => undefined);
    closeIdle();
    engine.put('users', 'u1', { name: 'Eve' });
    engine.put('comments', 'c9', { postId: 'p2', at: 9 });
    expect(handle.getSnapshot().rows.map(({ author, comments }) => [author?.name, comments.length])).toEqual([
      ['Eve', 2],
      ['Bob', 1],
    ]);
    const closeQuery = vi.spyOn(realm.engine, 'closeQuery');
    end();
    closeIdle();
    closeIdle();
    expect(closeQuery).toHaveBeenCalledTimes(3);
  });

  it('[REL-2] whatever is written, it shows what joining anew would', () => {
    const id = fc.constantFrom('1', '2', '3');
    const write = fc.oneof(
      fc.tuple(fc.constant('users'), id, fc.option(fc.record({ name: fc.constantFrom('A', 'B') }))),
      fc.tuple(
        fc.constant('posts'),
        id,
        fc.option(fc.record({ title: fc.constantFrom('x', 'y'), authorId: id })),
      ),
      fc.tuple(fc.constant('comments'), id, fc.option(fc.record({ postId: id, at: fc.nat(2) }))),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(write, fc.boolean()), { maxLength: 40 }), (writes) => {
        const { client, engine } = local();
        const handle = related(client, posts, includes);
        const state = {
          users: new Map<string, User>(),
          posts: new Map<string, Post>(),
          comments: new Map<string, Comment>(),
        };
        for (const [[map, key, value], isRead] of writes) {
          if (value === null) engine.remove(map, key);
          else engine.put(map, key, value);
          const kept = state[map as keyof typeof state] as Map<string, unknown>;
          if (value === null) kept.delete(key);
          else kept.set(key, value);
          if (isRead) handle.getSnapshot();
        }
        const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
        const expected = [...state.posts]
          .sort(([a, x], [b, y]) => byText(x.title, y.title) || byText(a, b))
          .map(([key, post]) => [
            key,
            state.users.get(post.authorId ?? '')?.name,
            [...state.comments]
              .filter(([, { postId }]) => postId === key)
              .sort(([a, x], [b, y]) => y.at - x.at || byText(a, b))
              .slice(0, 2)
              .map(([comment]) => comment),
          ]);
        const found = handle.getSnapshot().rows;
        expect(
          found.map((row) => [row._key, row.author?.name, row.comments.map(({ _key }) => _key)]),
        ).toEqual(expected);
      }),
      { numRuns: 80 },
    );
  });

  it('[REL-5] refuses wrong relations when they are made', () => {
    const invalid = expect.objectContaining({ code: 'QUERY_INVALID' });
    expect(() => related(local().client, posts, {})).toThrow(invalid);
  });
});
