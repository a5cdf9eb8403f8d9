import { miniSearchIndex } from '@topgun/search';
import { describe, expect, it } from 'vitest';
import { FakeWorld } from '../engine/testing/FakeWorld.js';
import { hybridSearch, type SearchOptions, search } from '../search.js';
import { clientOn } from './testing/clientOn.js';

interface City {
  readonly name: string;
  readonly people?: number;
}
const OPTIONS: SearchOptions = { textIndex: miniSearchIndex, query: 'san', fields: { name: 1 }, fetch: true };

/** A device with the map closed, and another one that has written to it. */
function cities() {
  const world = new FakeWorld();
  const [near, far] = [world.started(), world.started()];
  far.engine.openMap('cities', 'LWW');
  for (const name of ['San Diego', 'Santander', 'San Juan', 'Berlin', 'São Paulo'])
    far.engine.put('cities', name, { name, people: name.length });
  world.settle();
  const client = clientOn(near);
  const find = (options: Partial<SearchOptions> = {}) =>
    search<City>(client, 'cities', { ...OPTIONS, ...options });
  const keys = (options: Partial<SearchOptions> = {}) => {
    const found = find(options);
    const end = found.onSnapshot(() => undefined);
    world.settle();
    const snapshot = found.getSnapshot();
    end();
    return [snapshot.hits.map(({ key }) => key), snapshot.completeness];
  };
  return { world, near, far, find, keys, client };
}

describe('a search that fetches', () => {
  it('[SRCH-20] finds what only the server holds, and is complete then', () => {
    const { world, find } = cities();
    const found = find();
    const heard: (readonly [string[], string])[] = [];
    found.subscribe((hits, { completeness }) => heard.push([hits.map(({ key }) => key), completeness]));
    expect(heard).toEqual([[[], 'partial']]);
    world.settle();
    expect(heard.at(-1)).toEqual([['San Diego', 'San Juan'], 'complete']);
  });

  it('[SRCH-20] follows changes of others and shows own writes in the same tick', () => {
    const { world, near, far, find } = cities();
    const found = find();
    found.onSnapshot(() => undefined);
    world.settle();
    near.engine.put('cities', 'own', { name: 'San' });
    expect(found.getResults()[0]?.key).toBe('own');
    far.engine.put('cities', 'San Juan', { name: 'Juan' });
    far.engine.put('cities', 'new', { name: 'New San' });
    world.settle();
    expect(found.getSnapshot()).toMatchObject({ completeness: 'complete' });
    expect(
      found
        .getResults()
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['San Diego', 'new', 'own']);
  });

  it('[SRCH-20] asks for words in every field, by their beginning, for any or each of them', () => {
    const { keys } = cities();
    expect(keys({ prefix: 'last' })).toEqual([['San Diego', 'San Juan', 'Santander'], 'complete']);
    expect(keys({ query: 'sao berlin' })).toEqual([['Berlin', 'São Paulo'], 'complete']);
    expect(keys({ query: 'sa di', prefix: true, combine: 'all' })).toEqual([['San Diego'], 'complete']);
    expect(keys({ query: 'sa di', prefix: 'last', combine: 'all' })).toEqual([[], 'complete']);
    expect(keys({ fields: { name: 1, other: 2 }, where: { people: { $gt: 8 } } })).toEqual([
      ['San Diego'],
      'complete',
    ]);
  });

  it('[SRCH-20] is partial where differences are forgiven, for the server was not asked for those', () => {
    const { keys } = cities();
    expect(keys({ query: 'berlim' })).toEqual([[], 'complete']);
    expect(keys({ query: 'berlim', fuzzy: 1 })).toEqual([[], 'partial']);
    expect(keys({ query: 'berlin', fuzzy: 1 })).toEqual([['Berlin'], 'partial']);
  });

  it('[SRCH-20] leaves out rows of closed queries, which nobody keeps up to date', () => {
    const { world, near, far, find } = cities();
    near.openQuery('q', 'cities', {});
    world.settle();
    near.engine.closeQuery('q');
    world.settle();
    far.engine.remove('cities', 'San Juan');
    world.settle();
    const found = find();
    found.onSnapshot(() => undefined);
    expect(found.getResults().map(({ key }) => key)).toContain('San Juan');
    world.settle();
    expect(found.getResults().map(({ key }) => key)).toEqual(['San Diego']);
  });

  it('[SRCH-14] without it asks nobody', () => {
    const { keys, world, find } = cities();
    expect(keys({ fetch: false })).toEqual([[], 'partial']);
    const found = find({ query: '' });
    found.onSnapshot(() => undefined);
    world.settle();
    expect(found.getSnapshot().completeness).toBe('partial');
  });

  it('[SRCH-17] a hybrid search fetches, too', () => {
    const { world, client } = cities();
    const found = hybridSearch<City>(client, 'cities', {
      ...OPTIONS,
      sort: { people: 'asc' },
      weights: { text: 0 },
    });
    found.onSnapshot(() => undefined);
    world.settle();
    expect(found.getResults().map(({ key }) => key)).toEqual(['San Juan', 'San Diego']);
    expect(found.getSnapshot().completeness).toBe('complete');
  });
});
