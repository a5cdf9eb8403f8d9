import { type RegexEngine, where } from '@topgun/core';
import { linearRegex } from '@topgun/search/regex';
import { describe, expect, it } from 'vitest';
import { FakeWorld } from '../engine/testing/FakeWorld.js';
import { clientOn } from '../search/testing/clientOn.js';

interface City {
  readonly name: string;
}

function clientWith(regex?: RegexEngine) {
  const realm = new FakeWorld().realm(undefined, regex && { queryPorts: { regex } });
  for (const name of ['Oslo', 'San Juan', 'São Paulo']) realm.engine.put('cities', name, { name });
  return { realm, client: clientOn(realm) };
}

describe('queries for texts on a device', () => {
  it('[OP-REGEX] are answered by the engine that the client was given, live', () => {
    const { realm, client } = clientWith(linearRegex);
    const query = client.query<City>('cities', where({ name: { $regex: '^s', $flags: 'i' } }));
    let names: readonly string[] = [];
    query.subscribe((rows) => {
      names = rows.map(({ name }) => name);
    });
    expect(names).toEqual(['San Juan', 'São Paulo']);
    realm.engine.put('cities', 'Oslo', { name: 'Split' });
    expect(query.getResults().map(({ name }) => name)).toEqual(['Split', 'San Juan', 'São Paulo']);
  });

  it('[ERR-5] are refused without one', () => {
    const { client } = clientWith();
    expect(() => client.query<City>('cities', where({ name: { $regex: '^s' } }))).toThrow(
      expect.objectContaining({ code: 'REGEX_ENGINE_MISSING' }),
    );
  });

  it('[OP-MATCH] need none for words', () => {
    const { client } = clientWith();
    const found = client.query<City>('cities', where({ name: { $match: 'sao pa', $prefix: true } }));
    expect(found.getResults().map(({ name }) => name)).toEqual(['São Paulo']);
  });
});
