// @vitest-environment happy-dom
import { act, cleanup, renderHook } from '@testing-library/react';
import { many, one, rows } from '@topgun/client/relations';
import { useRelated } from '@topgun/react';
import { renderToString } from 'react-dom/server';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { closeClients, makeClient } from './makeClient.js';
import { settle, strictlyWithin, within } from './rendering.js';

afterEach(cleanup);
afterAll(closeClients);

interface Post {
  readonly title: string;
  readonly authorId: string;
}

const usePosts = () =>
  useRelated(rows<Post>('posts', { sort: { title: 'asc' } }), {
    author: one<{ name: string }>('users', { from: 'authorId' }),
    comments: many<{ postId: string }>('comments', { to: 'postId' }),
  });

describe('useRelated', () => {
  it('[RCT-1] shows own writes on all sides and [RCT-3] keeps rows that they do not concern', async () => {
    const client = makeClient();
    const posts = client.getMap<Post>('posts');
    posts.set('a', { title: 'a', authorId: 'u' });
    posts.set('b', { title: 'b', authorId: 'v' });
    client.getMap('users').set('u', { name: 'Ada' });
    let renders = 0;
    const { result, rerender } = renderHook(
      () => {
        renders += 1;
        return usePosts();
      },
      { wrapper: strictlyWithin(client) },
    );
    await settle();
    expect(result.current.data.map(({ author, comments }) => [author?.name, comments.length])).toEqual([
      ['Ada', 0],
      [undefined, 0],
    ]);
    const before = result.current;
    rerender();
    expect(result.current).toBe(before);
    await act(async () => {
      client.getMap('users').set('v', { name: 'Bob' });
      client.getMap('comments').set('c', { postId: 'b' });
    });
    expect(result.current.data[0]).toBe(before.data[0]);
    expect(result.current.data[1]).toMatchObject({ author: { name: 'Bob' }, comments: [{ _key: 'c' }] });
    const afterwards = renders;
    await act(async () => {
      client.getMap('users').set('w', { name: 'Eve' });
    });
    expect(renders).toBe(afterwards);
  });

  it('[RCT-7] relations that cannot be understood are an error, and [RCT-6] it renders on a server', () => {
    const client = makeClient();
    const { result } = renderHook(() => useRelated(rows<Post>('posts'), {}), { wrapper: within(client) });
    expect(result.current).toMatchObject({ data: [], loading: false, error: { code: 'QUERY_INVALID' } });
    const Page = within(client);
    const Loading = () => <i>{String(usePosts().loading)}</i>;
    expect(
      renderToString(
        <Page>
          <Loading />
        </Page>,
      ),
    ).toBe('<i>true</i>');
  });
});
