// @vitest-environment happy-dom
import { act, cleanup, render, renderHook } from '@testing-library/react';
import { RealmEngine } from '@topgun/client/engine';
import {
  TopGunProvider,
  useClient,
  useConnectionState,
  useMap,
  useMutation,
  useORMap,
  usePNCounter,
  useQuery,
  useTopic,
} from '@topgun/react';
import type { ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { closeClients, makeClient } from './makeClient.js';
import { settle, strictlyWithin, within } from './rendering.js';

interface Todo {
  readonly title: string;
  readonly done: boolean;
}

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});
afterAll(closeClients);

describe('useMap', () => {
  it('[RCT-1] shows own writes', async () => {
    const client = makeClient();
    const { result } = renderHook(() => useMap<number>('m'), { wrapper: within(client) });
    await settle();
    await act(async () => {
      result.current.map.set('a', 1);
      expect(result.current.map.get('a')).toBe(1);
    });
    expect(result.current.entries).toEqual([['a', 1]]);
  });

  it('[RCT-2] changes of one tick cause one render, and changes elsewhere none', async () => {
    const client = makeClient();
    let renders = 0;
    const { result } = renderHook(
      () => {
        renders += 1;
        return useMap<number>('m');
      },
      { wrapper: within(client) },
    );
    await settle();
    const before = renders;
    await act(async () => {
      for (let i = 0; i < 50; i++) result.current.map.set(`k${i}`, i);
    });
    expect(result.current.entries).toHaveLength(50);
    expect(renders - before).toBe(1);
    await act(async () => {
      client.getMap('other').set('x', 1);
    });
    expect(renders - before).toBe(1);
  });

  it('[RCT-3] a render for another reason gets the same objects', async () => {
    const client = makeClient();
    const { result, rerender } = renderHook(() => useMap<number>('m'), { wrapper: within(client) });
    await settle();
    await act(async () => {
      result.current.map.set('a', 1);
    });
    const before = result.current;
    rerender();
    expect(result.current).toBe(before);
  });

  it('[RCT-5] nothing stays subscribed after a strict double mount and unmount', async () => {
    const client = makeClient();
    const map = client.getMap<number>('m');
    let subscriptions = 0;
    const subscribe = map.subscribe.bind(map);
    vi.spyOn(map, 'subscribe').mockImplementation((callback) => {
      subscriptions += 1;
      const end = subscribe(callback);
      return () => {
        subscriptions -= 1;
        end();
      };
    });
    const { unmount } = renderHook(() => useMap<number>('m'), { wrapper: strictlyWithin(client) });
    await settle();
    expect(subscriptions).toBe(1);
    unmount();
    expect(subscriptions).toBe(0);
  });

  it('[RCT-7] a name of another kind throws WRONG_KIND', () => {
    const client = makeClient();
    client.getORMap('m');
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(() => renderHook(() => useMap('m'), { wrapper: within(client) })).toThrow(
      expect.objectContaining({ code: 'WRONG_KIND' }),
    );
  });
});

describe('useORMap', () => {
  it('[RCT-1] shows the values of each key', async () => {
    const client = makeClient();
    const { result } = renderHook(() => useORMap<string>('tags'), { wrapper: within(client) });
    await settle();
    await act(async () => {
      result.current.map.add('k', 'x');
      result.current.map.add('k', 'y');
    });
    expect(result.current.entries.map(([key, values]) => [key, [...values].sort()])).toEqual([
      ['k', ['x', 'y']],
    ]);
    await act(async () => {
      result.current.map.remove('k', 'x');
    });
    expect(result.current.entries).toEqual([['k', ['y']]]);
  });
});

describe('useQuery', () => {
  it('[RCT-4] a filter that is a new object each time is one query, and rows follow own writes', async () => {
    const client = makeClient();
    const open = vi.spyOn(RealmEngine.prototype, 'openQuery');
    const { result, rerender } = renderHook(
      () => useQuery<Todo>('todos', { where: { done: false }, sort: { title: 'asc' } }),
      { wrapper: within(client) },
    );
    await settle();
    expect(result.current).toMatchObject({ data: [], loading: false, error: undefined });
    const todos = client.getMap<Todo>('todos');
    await act(async () => {
      todos.set('b', { title: 'b', done: false });
      todos.set('a', { title: 'a', done: false });
      todos.set('c', { title: 'c', done: true });
    });
    rerender();
    expect(result.current.data).toEqual([
      { _key: 'a', title: 'a', done: false },
      { _key: 'b', title: 'b', done: false },
    ]);
    const [a] = result.current.data;
    await act(async () => {
      todos.set('b', { title: 'b', done: true });
    });
    expect(result.current.data).toHaveLength(1);
    expect(result.current.data[0]).toBe(a);
    expect(open).toHaveBeenCalledTimes(1);
  });

  it('[RCT-4] another filter is another query', async () => {
    const client = makeClient();
    const todos = client.getMap<Todo>('todos');
    todos.set('a', { title: 'a', done: false });
    todos.set('b', { title: 'b', done: true });
    const { result, rerender } = renderHook(({ done }) => useQuery<Todo>('todos', { where: { done } }), {
      wrapper: within(client),
      initialProps: { done: false },
    });
    await settle();
    expect(result.current.data.map((row) => row._key)).toEqual(['a']);
    rerender({ done: true });
    expect(result.current.data.map((row) => row._key)).toEqual(['b']);
  });

  it('[RCT-4] components that ask the same share one query', async () => {
    const client = makeClient();
    const open = vi.spyOn(RealmEngine.prototype, 'openQuery');
    const Titles = (): ReactElement => (
      <p>
        {useQuery<Todo>('todos', { where: { done: false } })
          .data.map((row) => row.title)
          .join()}
      </p>
    );
    const { container } = render(
      <TopGunProvider client={client}>
        <Titles />
        <Titles />
      </TopGunProvider>,
    );
    await act(async () => {
      client.getMap<Todo>('todos').set('a', { title: 'milk', done: false });
    });
    await settle();
    expect(container.textContent).toBe('milkmilk');
    expect(open).toHaveBeenCalledTimes(1);
  });

  it('[RCT-2] a write that the filter does not match renders nothing', async () => {
    const client = makeClient();
    let renders = 0;
    renderHook(
      () => {
        renders += 1;
        return useQuery<Todo>('todos', { where: { done: false } });
      },
      { wrapper: within(client) },
    );
    await settle();
    const before = renders;
    await act(async () => {
      client.getMap<Todo>('todos').set('x', { title: 'x', done: true });
    });
    expect(renders).toBe(before);
  });

  it('[RCT-5] a query is closed after its last reader, also under StrictMode and when never mounted', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const client = makeClient();
    const open = vi.spyOn(RealmEngine.prototype, 'openQuery');
    const close = vi.spyOn(RealmEngine.prototype, 'closeQuery');
    const { unmount } = renderHook(() => useQuery('todos'), { wrapper: strictlyWithin(client) });
    await settle();
    vi.advanceTimersByTime(5_000);
    expect(close).not.toHaveBeenCalled();
    unmount();
    vi.advanceTimersByTime(5_000);
    client.query('never-subscribed').getResults();
    vi.advanceTimersByTime(5_000);
    expect(close).toHaveBeenCalledTimes(open.mock.calls.length);
    vi.useRealTimers();
  });

  it('[RCT-7] a filter that cannot be understood is an error in the result', () => {
    const client = makeClient();
    const { result } = renderHook(() => useQuery('todos', { where: { a: { $near: 1 } } }), {
      wrapper: within(client),
    });
    expect(result.current).toMatchObject({
      data: [],
      loading: false,
      error: { code: 'PREDICATE_OPERATOR_UNKNOWN' },
    });
  });
});

describe('useMutation', () => {
  it('[RCT-3] writes, keeps its functions, and is not rendered again by changes', async () => {
    const client = makeClient();
    let renders = 0;
    const { result, rerender } = renderHook(
      () => {
        renders += 1;
        return useMutation<Todo>('todos');
      },
      { wrapper: within(client) },
    );
    const before = result.current;
    await act(async () => {
      before.create('a', { title: 'a', done: false });
      before.update('a', { title: 'a', done: true });
      before.create('b', { title: 'b', done: false });
      before.remove('b');
    });
    expect(renders).toBe(1);
    expect(client.getMap('todos').entries()).toEqual([['a', { title: 'a', done: true }]]);
    rerender();
    expect(result.current).toBe(before);
  });
});

describe('usePNCounter', () => {
  it('[RCT-1] counts, and its functions stay the same', async () => {
    const client = makeClient();
    const { result } = renderHook(() => usePNCounter('likes'), { wrapper: strictlyWithin(client) });
    await settle();
    const { increment } = result.current;
    await act(async () => {
      result.current.increment();
      result.current.add(5);
      result.current.decrement();
    });
    expect(result.current.value).toBe(5);
    expect(result.current.increment).toBe(increment);
  });
});

describe('useTopic', () => {
  it('[RCT-8] subscribes once and calls the newest callback', () => {
    const client = makeClient();
    const subscribe = vi.spyOn(RealmEngine.prototype, 'topicSubscribe');
    const unsubscribe = vi.spyOn(RealmEngine.prototype, 'topicUnsubscribe');
    const got: string[] = [];
    const { result, rerender, unmount } = renderHook(
      ({ n }) => useTopic<string>('chat', (data) => got.push(`${n} ${data}`)),
      { wrapper: within(client), initialProps: { n: 1 } },
    );
    rerender({ n: 2 });
    result.current.deliver({ type: 'TOPIC_MSG', topic: 'chat', data: 'hello', ts: 1, from: 'x', id: 'm' });
    expect(got).toEqual(['2 hello']);
    unmount();
    expect(subscribe).toHaveBeenCalledTimes(1);
    expect(unsubscribe).toHaveBeenCalledTimes(1);
  });
});

describe('useConnectionState', () => {
  it('[RCT-3] tells state and unanswered writes, and is the same object until one changes', async () => {
    const client = makeClient();
    const { result, rerender } = renderHook(() => useConnectionState(), { wrapper: within(client) });
    await settle();
    const before = result.current;
    expect(before).toEqual({ state: 'DISCONNECTED', pending: 0 });
    rerender();
    expect(result.current).toBe(before);
    await act(async () => {
      client.getMap('m').set('a', 1);
    });
    expect(result.current).toEqual({ state: 'DISCONNECTED', pending: 1 });
  });
});

describe('every hook', () => {
  const All = (): ReactElement => {
    const { data, loading } = useQuery<Todo>('todos', { where: { done: false } });
    const { entries } = useMap<number>('m');
    const or = useORMap<number>('or');
    const counter = usePNCounter('c');
    const { state, pending } = useConnectionState();
    useMutation('m');
    useTopic('t', () => undefined);
    const text = [data.length, loading, entries.length, or.entries.length, counter.value, state, pending];
    return <p>{text.join(' ')}</p>;
  };

  it('[RCT-6] renders on a server, from constants', () => {
    const client = makeClient();
    client.getMap('m').set('a', 1);
    const html = renderToString(
      <TopGunProvider client={client}>
        <All />
      </TopGunProvider>,
    );
    expect(html).toBe('<p>0 true 0 0 0 DISCONNECTED 0</p>');
  });

  it('[RCT-5] survives a strict double mount', async () => {
    const client = makeClient();
    const { container, unmount } = render(<All />, { wrapper: strictlyWithin(client) });
    await settle();
    expect(container.textContent).toBe('0 false 0 0 0 DISCONNECTED 0');
    unmount();
  });

  it('[RCT-7] outside of a provider throws and says what to do', () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    expect(() => renderHook(() => useClient())).toThrow(
      expect.objectContaining({
        code: 'REACT_NO_PROVIDER',
        remedy: expect.stringContaining('TopGunProvider'),
      }),
    );
  });
});
