// @vitest-environment happy-dom
import { act, cleanup, renderHook } from '@testing-library/react';
import type { TopGunClient } from '@topgun/client';
import { TopGunProvider, useHybridSearch, useSearch } from '@topgun/react';
import { miniSearchIndex } from '@topgun/search';
import { type ReactElement, type ReactNode, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { closeClients, makeClient } from './makeClient.js';

interface Note {
  readonly title: string;
}

const strictlyWithin =
  (client: TopGunClient) =>
  ({ children }: { children: ReactNode }): ReactElement => (
    <StrictMode>
      <TopGunProvider client={client}>{children}</TopGunProvider>
    </StrictMode>
  );

/** Lets the store be read and the tick's batch of changes go out. */
const settle = async (): Promise<void> => {
  await act(async () => {
    await new Promise((resolve) => setImmediate(resolve));
  });
};

const useNotes = (query: string, debounceMs = 0, limit = 20) =>
  useSearch<Note>('notes', query, { textIndex: miniSearchIndex, fields: { title: 1 }, limit, debounceMs });

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});
afterAll(closeClients);

describe('useSearch', () => {
  it('[RCT-1] [RCT-4] shows own writes, and searches for another text when it is rendered with one', async () => {
    const client = makeClient();
    const notes = client.getMap<Note>('notes');
    const { result, rerender } = renderHook(({ query }) => useNotes(query), {
      wrapper: strictlyWithin(client),
      initialProps: { query: 'wine' },
    });
    await settle();
    await act(async () => {
      notes.set('a', { title: 'red wine' });
      notes.set('b', { title: 'beer' });
    });
    expect(result.current.hits.map(({ key }) => key)).toEqual(['a']);
    expect(result.current).toMatchObject({ loading: false, completeness: 'complete', progress: 1 });
    rerender({ query: 'beer' });
    expect(result.current.hits.map(({ value }) => value.title)).toEqual(['beer']);
  });

  it('[RCT-2] [RCT-3] renders once for the changes of a tick, and gives the same objects where nothing has', async () => {
    const client = makeClient();
    const notes = client.getMap<Note>('notes');
    notes.set('a', { title: 'wine' });
    let renders = 0;
    const { result, rerender } = renderHook(
      () => {
        renders += 1;
        return useNotes('wine');
      },
      { wrapper: strictlyWithin(client) },
    );
    await settle();
    const { current } = result;
    rerender();
    expect(result.current).toBe(current);
    renders = 0;
    await act(async () => {
      for (let i = 0; i < 20; i++) notes.set(`k${i}`, { title: 'other' });
      notes.set('b', { title: 'wine too' });
    });
    // StrictMode renders twice.
    expect(renders).toBe(2);
    expect(result.current.hits).toHaveLength(2);
  });

  it('[RCT-7] a search that is refused is an error', async () => {
    const { result } = renderHook(() => useNotes('wine', 0, 0), { wrapper: strictlyWithin(makeClient()) });
    expect(result.current).toMatchObject({ hits: [], loading: false, error: { code: 'SEARCH_INVALID' } });
  });

  it('[RCT-6] is empty and loading on a server', () => {
    const client = makeClient();
    const Page = (): ReactElement => {
      const { hits, loading } = useNotes('wine');
      return (
        <p>
          {hits.length} {String(loading)}
        </p>
      );
    };
    const html = renderToString(
      <TopGunProvider client={client}>
        <Page />
      </TopGunProvider>,
    );
    expect(html).toContain('0<!-- --> <!-- -->true');
  });

  it('waits until the text rests', async () => {
    vi.useFakeTimers();
    const client = makeClient();
    const notes = client.getMap<Note>('notes');
    notes.set('a', { title: 'wine' });
    notes.set('b', { title: 'beer' });
    const { result, rerender } = renderHook(({ query }) => useNotes(query, 100), {
      wrapper: strictlyWithin(client),
      initialProps: { query: 'wine' },
    });
    rerender({ query: 'beer' });
    await act(() => vi.advanceTimersByTimeAsync(99));
    expect(result.current.hits.map(({ key }) => key)).toEqual(['a']);
    await act(() => vi.advanceTimersByTimeAsync(1));
    expect(result.current.hits.map(({ key }) => key)).toEqual(['b']);
  });
});

describe('useHybridSearch', () => {
  it('[RCT-1] [RCT-4] shows the order of sort before anything is typed, then both orders', async () => {
    const client = makeClient();
    const cities = client.getMap<{ name: string; people: number }>('cities');
    const { result, rerender } = renderHook(
      ({ query }) =>
        useHybridSearch<{ name: string; people: number }>('cities', query, {
          textIndex: miniSearchIndex,
          fields: { name: 1 },
          sort: { people: 'desc' },
          weights: { text: 0.1 },
        }),
      { wrapper: strictlyWithin(client), initialProps: { query: '' } },
    );
    await settle();
    await act(async () => {
      cities.set('a', { name: 'San', people: 1 });
      cities.set('b', { name: 'Berlin', people: 3 });
      cities.set('c', { name: 'San Diego', people: 2 });
    });
    expect(result.current.hits.map(({ key }) => key)).toEqual(['b', 'c', 'a']);
    rerender({ query: 'san' });
    expect(result.current.hits.map(({ key }) => key)).toEqual(['c', 'a']);
    expect(result.current.hits[0]).toMatchObject({ matchedTerms: ['san'] });
  });
});
