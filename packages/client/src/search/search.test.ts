import { miniSearchIndex } from '@topgun/search';
import { linearRegex } from '@topgun/search/regex';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeStore, FakeWorld } from '../engine/testing/FakeWorld.js';
import { type SearchDelta, type SearchOptions, search } from '../search.js';
import { clientOn } from './testing/clientOn.js';

interface Note {
  readonly title: string;
  readonly done?: boolean;
}
const OPTIONS: SearchOptions = { textIndex: miniSearchIndex, query: 'wine', fields: { title: 1 } };

function oneDevice({ isOpen = true, store = new FakeStore() } = {}) {
  const world = new FakeWorld();
  const realm = world.started(store);
  if (isOpen) realm.engine.openMap('notes', 'LWW');
  world.settle();
  const client = clientOn(realm);
  const find = (options: Partial<SearchOptions> = {}) =>
    search<Note>(client, 'notes', { ...OPTIONS, ...options });
  const put = (key: string, title: string, done = false) => realm.engine.put('notes', key, { title, done });
  return { world, realm, client, find, put };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a search on a device', () => {
  it('[SRCH-11] shows own writes in the tick they are made in, and tells once per tick', () => {
    const { world, put, find, realm } = oneDevice();
    const found = find();
    const heard: string[][] = [];
    found.subscribe((hits) => heard.push(hits.map(({ key }) => key)));
    put('a', 'red wine');
    put('b', 'wine wine');
    expect(found.getResults().map(({ key }) => key)).toEqual(['b', 'a']);
    expect(heard).toEqual([[]]);
    world.settle();
    expect(heard).toEqual([[], ['b', 'a']]);
    realm.engine.remove('notes', 'b');
    put('c', 'beer');
    expect(found.getResults().map(({ value }) => value.title)).toEqual(['red wine']);
  });

  it('[SRCH-11] works without a network, and follows other devices with one', () => {
    const { world, put, find } = oneDevice();
    const other = world.started();
    other.engine.openMap('notes', 'LWW');
    world.settle();
    const found = find();
    world.cutNetwork();
    put('a', 'wine');
    expect(found.size).toBe(1);
    world.healNetwork();
    world.advance(60_000);
    other.engine.put('notes', 'b', { title: 'white wine' });
    world.settle();
    expect(found.getResults().map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('[SRCH-11] gives the same objects until something in them changes', () => {
    const { world, put, find } = oneDevice();
    put('a', 'wine');
    put('b', 'wine and more');
    const found = find();
    const [before, hits] = [found.getSnapshot(), found.getResults()];
    world.settle();
    expect(found.getResults()).toBe(hits);
    put('b', 'wine and more', true);
    const after = found.getSnapshot();
    expect(after).not.toBe(before);
    expect(after.hits[0]).toBe(hits[0]);
    expect(after.hits[1]).toMatchObject({ key: 'b', value: { done: true }, score: hits[1]?.score });
    expect(after.hits[1]?.highlights).toEqual(hits[1]?.highlights);
    expect(found.getSnapshot()).toBe(after);
  });

  it('[SRCH-9] hits name the terms and where they stand', () => {
    const { put, find } = oneDevice();
    put('a', 'Vin, Wine, WÏNES');
    expect(find({ prefix: 'last' }).getResults()[0]).toMatchObject({
      key: 'a',
      matchedTerms: ['wine', 'wines'],
      highlights: [
        {
          path: 'title',
          ranges: [
            [5, 9],
            [11, 16],
          ],
        },
      ],
    });
  });

  it('[SRCH-8] a filter leaves out hits and changes no score; the limit counts what is left', () => {
    const { put, find } = oneDevice();
    for (let i = 0; i < 6; i++) put(`k${i}`, 'wine '.repeat(i + 1), i % 2 === 0);
    const all = find().getResults();
    const left = find({ where: { done: true }, limit: 2 });
    expect(left.getResults()).toEqual(all.filter(({ value }) => value.done).slice(0, 2));
    put('k5', 'wine '.repeat(6), true);
    expect(left.getResults().map(({ key }) => key)).toContain('k5');
  });

  it('[SRCH-8] a filter may use the regular expressions of the client, if it has an engine for them', () => {
    const world = new FakeWorld();
    const where = { title: { $regex: '^red' } };
    const realm = world.started(new FakeStore(), { queryPorts: { regex: linearRegex } });
    realm.engine.put('notes', 'a', { title: 'red wine' });
    realm.engine.put('notes', 'b', { title: 'wine, red' });
    const found = search<Note>(clientOn(realm), 'notes', { ...OPTIONS, where });
    expect(found.getResults().map(({ key }) => key)).toEqual(['a']);
    expect(() => oneDevice().find({ where })).toThrowError(
      expect.objectContaining({ code: 'REGEX_ENGINE_MISSING' }),
    );
  });

  it('[SRCH-10] a wrong option is refused when it is made, and when it is set', () => {
    const { find } = oneDevice();
    const code = (expected: string) => expect.objectContaining({ code: expected });
    expect(() => find({ limit: 0 })).toThrowError(code('SEARCH_INVALID'));
    expect(() => find({ where: { a: { $nope: 1 } } })).toThrowError(code('PREDICATE_OPERATOR_UNKNOWN'));
    const found = find();
    expect(() => found.setQuery('x'.repeat(2000))).toThrowError(code('SEARCH_INVALID'));
    expect(found.key).toBe(find().key);
  });

  it('[SRCH-15] refuses maps of other kinds', () => {
    const { realm, client } = oneDevice();
    realm.engine.openMap('tags', 'OR');
    expect(() => search(client, 'tags', OPTIONS)).toThrowError(
      expect.objectContaining({ code: 'WRONG_KIND' }),
    );
  });

  it('searches for what is set, and tells at once', () => {
    const { put, find } = oneDevice();
    put('a', 'wine');
    put('b', 'beer');
    const found = find();
    const heard: SearchDelta<Note>[] = [];
    found.onChanges((deltas) => heard.push(...deltas));
    found.setQuery('beer');
    expect(heard.map(({ type, key }) => [type, key])).toEqual([
      ['ENTER', 'a'],
      ['LEAVE', 'a'],
      ['ENTER', 'b'],
    ]);
    found.setOptions({ ...OPTIONS, query: 'beer' });
    expect(heard).toHaveLength(3);
  });

  it('ends with its subscriptions', () => {
    const { world, put, find } = oneDevice();
    const found = find();
    const heard = vi.fn();
    const [end] = [found.onSnapshot(heard), found.onSnapshot(heard)];
    end();
    found.dispose();
    put('a', 'wine');
    world.settle();
    expect(heard).not.toHaveBeenCalled();
    expect(found.size).toBe(1);
  });
});

describe('completeness', () => {
  it('[SRCH-14] is that of the open map', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.engine.openMap('notes', 'LWW');
    const found = search<Note>(clientOn(realm), 'notes', OPTIONS);
    const heard: string[] = [];
    found.subscribe((_, { completeness }) => heard.push(completeness));
    expect(found.getSnapshot()).toMatchObject({ completeness: 'partial' });
    world.settle();
    // The map is empty: nothing has changed but that this is known.
    expect(found.getSnapshot()).toMatchObject({ completeness: 'complete', isLoaded: true, hits: [] });
    expect(heard.at(-1)).toBe('complete');
  });

  it('[SRCH-14] of a map that is not open is partial, over what the device holds', () => {
    const { world, realm, find, put } = oneDevice({ isOpen: false });
    const other = world.started();
    other.engine.put('notes', 'a', { title: 'wine', done: true });
    other.engine.put('notes', 'b', { title: 'wine' });
    world.settle();
    realm.openQuery('q', 'notes', { where: { done: true } });
    world.settle();
    put('c', 'own wine');
    expect(find().getSnapshot()).toMatchObject({ completeness: 'partial', isLoaded: true });
    expect(
      find()
        .getResults()
        .map(({ key }) => key),
    ).toEqual(['a', 'c']);
  });

  it('[SRCH-14] without server is complete', () => {
    const world = new FakeWorld();
    const realm = world.started(new FakeStore(), { server: false });
    world.settle();
    const found = search<Note>(clientOn(realm), 'notes', OPTIONS);
    expect(found.getSnapshot()).toMatchObject({ completeness: 'complete', isLoaded: true });
  });
});

describe('the index of a map', () => {
  it('[SRCH-13] takes in what is there by slices, and own writes meanwhile at once', () => {
    const { put, find } = oneDevice();
    for (let i = 0; i < 5_000; i++) put(`k${String(i).padStart(4, '0')}`, `wine ${i}`);
    const found = find({ limit: 1000 });
    // The first slice.
    expect(found.getSnapshot()).toMatchObject({ completeness: 'partial', progress: 0.4 });
    const heard: number[] = [];
    found.subscribe((_, { progress }) => heard.push(progress));
    put('zzz', 'wine wine wine');
    expect(found.getResults()[0]?.key).toBe('zzz');
    vi.advanceTimersByTime(1);
    expect(found.getSnapshot().progress).toBe(0.8);
    vi.advanceTimersByTime(1);
    expect(found.getSnapshot()).toMatchObject({ completeness: 'complete', progress: 1 });
    expect(heard).toEqual([0.4, 0.8, 1]);
  });

  it('[SRCH-13] ends a slice when its time is over, and takes in a small map whatever the time', () => {
    const { put, find } = oneDevice();
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => {
      nowMs += 10;
      return nowMs;
    });
    for (let i = 0; i < 32; i++) put(`k${i}`, 'wine');
    expect(find().getSnapshot().progress).toBe(1);
    for (let i = 32; i < 64; i++) put(`k${i}`, 'wine');
    expect(find({ fields: { title: 1, done: 1 } }).getSnapshot().progress).toBe(0.5);
  });

  it('[SRCH-13] takes in a flood of changes by slices, the latest at once', () => {
    const { world, put, find } = oneDevice();
    const found = find({ limit: 1000 });
    found.onSnapshot(() => undefined);
    for (let i = 0; i < 2_500; i++) put(`k${String(i).padStart(4, '0')}`, `wine ${i}`);
    expect(found.getSnapshot().progress).toBe(0);
    expect(found.getResults().map(({ key }) => key)).toContain('k2499');
    world.settle();
    vi.advanceTimersByTime(1);
    expect(found.getSnapshot()).toMatchObject({ completeness: 'complete', progress: 1 });
    found.setOptions({ ...OPTIONS, query: '7' });
    expect(found.getResults().map(({ key }) => key)).toEqual(['k0007']);
  });

  it('[SRCH-13] is shared by searches of the same fields, and goes a minute after the last', () => {
    const { put, client } = oneDevice();
    put('a', 'wine');
    const made = vi.fn(miniSearchIndex);
    const find = (options: Partial<SearchOptions>) =>
      search<Note>(client, 'notes', { ...OPTIONS, textIndex: made, ...options });
    const first = find({ fields: { title: 1, done: 2 } });
    const end = first.onSnapshot(() => undefined);
    expect(find({ query: 'other', fields: { done: 1, title: 3 } }).size).toBe(0);
    expect(made).toHaveBeenCalledTimes(1);
    expect(find({}).size).toBe(1);
    expect(made).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(120_000);
    first.getResults();
    expect(made).toHaveBeenCalledTimes(2);
    end();
    vi.advanceTimersByTime(59_999);
    first.getResults();
    expect(made).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(60_000);
    expect(first.size).toBe(1);
    expect(made).toHaveBeenCalledTimes(3);
  });

  it('[SRCH-11] knows what the store held', () => {
    const store = new FakeStore();
    const { world, realm, put } = oneDevice({ store });
    put('a', 'stored wine');
    world.settle();
    realm.kill();
    const again = world.realm(store, { server: false });
    const found = search<Note>(clientOn(again), 'notes', OPTIONS);
    const heard: boolean[] = [];
    found.subscribe((_, { isLoaded }) => heard.push(isLoaded));
    again.run(() => {
      again.engine.boot();
      again.engine.start();
    });
    world.settle();
    expect(found.getResults().map(({ key }) => key)).toEqual(['a']);
    expect(heard.at(-1)).toBe(true);
  });
});
