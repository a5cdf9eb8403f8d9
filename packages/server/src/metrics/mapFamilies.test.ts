import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { familyOf, mapFamilies } from './mapFamilies.js';

describe('mapFamilies', () => {
  it('[OBS-3] a map is named by the first part of its name', () => {
    expect(['todos', 'rooms:kitchen', 'users/ann@example.org/notes', ':x'].map(familyOf)).toEqual([
      'todos',
      'rooms:*',
      'users/*',
      ':*',
    ]);
  });

  it('[OBS-3] the largest are named, the rest is added up', () => {
    const maps = [
      ['a', 5],
      ['b:1', 2],
      ['b:2', 4],
      ['c', 1],
      ['d', 1],
    ] as const;
    expect(mapFamilies(maps, 2)).toEqual({
      sizes: [
        ['b:*', 6],
        ['a', 5],
        ['other', 2],
      ],
      folded: 2,
    });
    expect(mapFamilies(maps, 0)).toEqual({ sizes: [['other', 13]], folded: 4 });
    expect(mapFamilies([], 3)).toEqual({ sizes: [], folded: 0 });
  });

  it('[OBS-3] however many maps there are, no item is lost and no more than the cap is named', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'b', ':', '/'), minLength: 1, maxLength: 4 });
    const maps = fc.uniqueArray(fc.tuple(name, fc.nat(9)), { selector: ([map]) => map });
    fc.assert(
      fc.property(maps, fc.nat(5), (given, max) => {
        const { sizes, folded } = mapFamilies(given, max);
        const families = new Set(given.map(([map]) => familyOf(map)));
        const sum = (pairs: readonly (readonly [string, number])[]): number =>
          pairs.reduce((all, [, count]) => all + count, 0);
        expect(sum(sizes)).toBe(sum(given));
        expect(folded).toBe(Math.max(0, families.size - max));
        expect(sizes.length).toBe(Math.min(families.size, max) + (folded > 0 ? 1 : 0));
        const named = sizes.slice(0, max).map(([, count]) => count);
        expect(named).toEqual([...named].sort((a, b) => b - a));
      }),
    );
  });
});
