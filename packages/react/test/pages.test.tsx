// @vitest-environment happy-dom
import { act, cleanup, renderHook } from '@testing-library/react';
import { pages } from '@topgun/client/pages';
import { usePages } from '@topgun/react';
import { renderToString } from 'react-dom/server';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { closeClients, makeClient } from './makeClient.js';
import { settle, strictlyWithin, within } from './rendering.js';

interface Item {
  readonly n: number;
}

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});
afterAll(closeClients);

const filled = async () => {
  const client = makeClient();
  const items = client.getMap<Item>('items');
  for (let n = 0; n < 7; n++) items.set(`k${n}`, { n });
  return { client, items };
};

describe('usePages', () => {
  it('[RCT-1] shows the page and own writes in it, and [RCT-3] keeps what did not change', async () => {
    const { client, items } = await filled();
    const { result, rerender } = renderHook(
      () => usePages<Item>('items', { sort: { n: 'asc' }, pageSize: 3 }),
      { wrapper: strictlyWithin(client) },
    );
    await settle();
    const shown = (): number[] => result.current.data.map(({ n }) => n);
    expect([shown(), result.current.hasMore, result.current.cursorStatus]).toEqual([[0, 1, 2], true, 'none']);
    const { next, previous, more } = result.current;
    const before = result.current;
    rerender();
    expect(result.current).toBe(before);
    await act(async () => {
      next();
    });
    expect([shown(), result.current.hasPrevious]).toEqual([[3, 4, 5], true]);
    await act(async () => {
      items.remove('k4');
      items.set('first', { n: -1 });
    });
    expect(shown()).toEqual([3, 5, 6]);
    await act(async () => {
      previous();
    });
    expect(shown()).toEqual([0, 1, 2]);
    await act(async () => {
      more();
    });
    expect(shown()).toEqual([0, 1, 2, 3, 5, 6]);
    expect([result.current.next, result.current.more]).toEqual([next, more]);
  });

  it('[RCT-4] a filter that asks something else begins at its first page', async () => {
    const { client } = await filled();
    const { result, rerender } = renderHook(
      ({ min }) => usePages<Item>('items', { where: { n: { $gte: min } }, sort: { n: 'asc' }, pageSize: 2 }),
      { wrapper: within(client), initialProps: { min: 0 } },
    );
    await settle();
    await act(async () => {
      result.current.next();
    });
    expect(result.current.data.map(({ n }) => n)).toEqual([2, 3]);
    rerender({ min: 4 });
    expect(result.current.data.map(({ n }) => n)).toEqual([4, 5]);
  });

  it('[RCT-7] tells what became of a cursor', async () => {
    const { client } = await filled();
    const question = { sort: { n: 'asc' }, pageSize: 2 } as const;
    const first = renderHook(() => usePages<Item>('items', question), { wrapper: within(client) });
    await settle();
    const cursor = first.result.current.nextCursor() as string;
    const second = renderHook(() => usePages<Item>('items', { ...question, cursor }), {
      wrapper: within(client),
    });
    expect(second.result.current.data.map(({ n }) => n)).toEqual([2, 3]);
    expect(second.result.current.cursorStatus).toBe('valid');
    const foreign = renderHook(() => usePages<Item>('others', { ...question, cursor }), {
      wrapper: within(client),
    });
    expect(foreign.result.current).toMatchObject({
      data: [],
      loading: false,
      cursorStatus: 'invalid',
      error: { code: 'CURSOR_INVALID' },
    });
    expect([foreign.result.current.next(), foreign.result.current.nextCursor()]).toEqual([false, undefined]);
  });

  it('[PAGE-4] a list that began at a cursor outlives it', async () => {
    const { client, items } = await filled();
    await settle();
    const question = { sort: { n: 'asc' }, pageSize: 2 } as const;
    vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date'] });
    const cursor = pages<Item>(client, 'items', question).nextCursor() as string;
    const { result, rerender } = renderHook(() => usePages<Item>('items', { ...question, cursor }), {
      wrapper: within(client),
    });
    vi.setSystemTime(1_700_000_000_000 + 3_600_000);
    rerender();
    await act(async () => {
      items.set('k2', { n: 2.5 });
    });
    expect(result.current.data.map(({ n }) => n)).toEqual([2.5, 3]);
    const late = renderHook(() => usePages<Item>('items', { ...question, cursor }), {
      wrapper: within(client),
    });
    expect(late.result.current).toMatchObject({
      data: [],
      cursorStatus: 'expired',
      error: { code: 'CURSOR_EXPIRED' },
    });
  });

  it('[RCT-6] renders on a server', async () => {
    const { client } = await filled();
    const Page = within(client);
    const Loading = () => <i>{String(usePages('items').loading)}</i>;
    expect(
      renderToString(
        <Page>
          <Loading />
        </Page>,
      ),
    ).toBe('<i>true</i>');
  });
});
