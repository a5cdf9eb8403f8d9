// @vitest-environment happy-dom
import { act, cleanup, renderHook } from '@testing-library/react';
import { count, sum } from '@topgun/client/aggregates';
import { useAggregate } from '@topgun/react';
import { renderToString } from 'react-dom/server';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { closeClients, makeClient } from './makeClient.js';
import { settle, strictlyWithin, within } from './rendering.js';

afterEach(cleanup);
afterAll(closeClients);

describe('useAggregate', () => {
  const filter = () => ({ groupBy: 'done', select: { n: count(), hours: sum('hours') } }) as const;

  it('[RCT-1] shows own writes and [RCT-3] keeps groups that did not change', async () => {
    const client = makeClient();
    const todos = client.getMap<{ done: boolean; hours: number }>('todos');
    todos.set('a', { done: false, hours: 1 });
    todos.set('b', { done: true, hours: 2 });
    let renders = 0;
    const { result, rerender } = renderHook(
      () => {
        renders += 1;
        return useAggregate('todos', filter());
      },
      { wrapper: strictlyWithin(client) },
    );
    await settle();
    const before = result.current;
    expect(before).toMatchObject({
      groups: [
        { done: false, n: 1, hours: 1 },
        { done: true, n: 1, hours: 2 },
      ],
      loading: false,
      error: undefined,
      completeness: 'complete',
    });
    rerender();
    expect(result.current).toBe(before);
    await act(async () => {
      todos.set('c', { done: true, hours: 3 });
    });
    expect(result.current.groups[1]).toMatchObject({ n: 2, hours: 5 });
    expect(result.current.groups[0]).toBe(before.groups[0]);
    const afterwards = renders;
    await act(async () => {
      client.getMap('others').set('x', 1);
    });
    expect(renders).toBe(afterwards);
  });

  it('[RCT-7] a question that cannot be understood is an error, not a thrown render', async () => {
    const client = makeClient();
    const { result } = renderHook(() => useAggregate('todos', { select: {} }), { wrapper: within(client) });
    expect(result.current).toMatchObject({ groups: [], loading: false, error: { code: 'QUERY_INVALID' } });
  });

  it('[RCT-6] renders on a server', () => {
    const client = makeClient();
    const Count = () => <i>{String(useAggregate('todos', filter()).loading)}</i>;
    const Page = within(client);
    expect(
      renderToString(
        <Page>
          <Count />
        </Page>,
      ),
    ).toBe('<i>true</i>');
  });
});
