import { miniSearchIndex } from '@topgun/search';
import { describe, expect, it } from 'vitest';
import { FakeWorld } from '../engine/testing/FakeWorld.js';
import { type HybridSearchOptions, hybridSearch, search } from '../search.js';
import { clientOn } from './testing/clientOn.js';

interface City {
  readonly name: string;
  readonly people: number;
}
const OPTIONS: HybridSearchOptions = {
  textIndex: miniSearchIndex,
  query: 'san',
  fields: { name: 1 },
  prefix: 'last',
  sort: { people: 'desc' },
};

function cities() {
  const world = new FakeWorld();
  const realm = world.started();
  realm.engine.openMap('cities', 'LWW');
  world.settle();
  const client = clientOn(realm);
  const put = (name: string, people: number) => realm.engine.put('cities', name, { name, people });
  put('San', 10);
  put('San Diego', 1_400);
  put('Santander', 170);
  put('San Juan Bautista de la Salle', 5_000);
  put('Berlin', 3_600);
  world.settle();
  const find = (options: Partial<HybridSearchOptions> = {}) =>
    hybridSearch<City>(client, 'cities', { ...OPTIONS, ...options });
  return { world, client, put, find };
}

describe('a hybrid search', () => {
  it('[SRCH-17] fuses the order of the words with that of sort', () => {
    const { find, client } = cities();
    const text = search<City>(client, 'cities', OPTIONS)
      .getResults()
      .map(({ key }) => key);
    expect(text).toEqual(['San', 'San Diego', 'San Juan Bautista de la Salle', 'Santander']);
    const sorted = ['San Juan Bautista de la Salle', 'San Diego', 'Santander', 'San'];
    const fused = (key: string) => 1 / (61 + text.indexOf(key)) + 1 / (61 + sorted.indexOf(key));
    const expected = [...text].sort((a, b) => fused(b) - fused(a) || (a < b ? -1 : 1));
    expect(
      find()
        .getResults()
        .map(({ key, score }) => [key, score]),
    ).toEqual(expected.map((key) => [key, fused(key)]));
    expect(find().getResults()[0]).toMatchObject({ matchedTerms: ['san'], highlights: [{ path: 'name' }] });
  });

  it('[SRCH-17] has weights, and without sort the text alone ranks', () => {
    const { find } = cities();
    const keys = (options: Partial<HybridSearchOptions>) =>
      find(options)
        .getResults()
        .map(({ key }) => key);
    expect(keys({ weights: { text: 0 } })[0]).toBe('San Juan Bautista de la Salle');
    expect(keys({ weights: { sort: 0 } })[0]).toBe('San');
    expect(keys({ sort: {} })).toEqual(['San', 'San Diego', 'San Juan Bautista de la Salle', 'Santander']);
    expect(keys({ limit: 1, k: 1 })).toHaveLength(1);
  });

  it('[SRCH-17] leaves out what the filter does', () => {
    const { find } = cities();
    const found = find({ where: { people: { $lt: 1000 } } });
    expect(
      found
        .getResults()
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['San', 'Santander']);
  });

  it('[SRCH-17] without words shows what the filter leaves, in the order of sort', () => {
    const { find, put, world } = cities();
    const found = find({ query: '', where: { people: { $gt: 100 } }, limit: 2 });
    const heard: string[][] = [];
    found.subscribe((hits) => heard.push(hits.map(({ key }) => key)));
    put('Tokyo', 13_000);
    expect(found.getResults()).toEqual([
      {
        key: 'Tokyo',
        value: { name: 'Tokyo', people: 13_000 },
        score: 1 / 61,
        matchedTerms: [],
        highlights: [],
      },
      expect.objectContaining({ key: 'San Juan Bautista de la Salle', score: 1 / 62 }),
    ]);
    world.settle();
    found.setQuery('tok');
    expect(heard).toEqual([
      ['San Juan Bautista de la Salle', 'Berlin'],
      ['Tokyo', 'San Juan Bautista de la Salle'],
      ['Tokyo'],
    ]);
  });

  it('[SRCH-12] follows changes of what it sorts by', () => {
    const { find, put } = cities();
    const found = find({ weights: { text: 0 }, limit: 1 });
    expect(found.getResults()[0]?.key).toBe('San Juan Bautista de la Salle');
    put('Santander', 9_999);
    expect(found.getResults()[0]).toMatchObject({ key: 'Santander', value: { people: 9_999 } });
  });
});
