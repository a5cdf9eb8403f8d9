import { describe, expect, it } from 'vitest';
import { IncludeView } from './IncludeView.js';
import { type Include, type Includes, normalizeIncludes } from './normalizeInclude.js';

const invalid = expect.objectContaining({ code: 'QUERY_INVALID' });
const one: Include = { kind: 'one', map: 'users', from: 'authorId' };

describe('normalizeIncludes', () => {
  it('[REL-1] makes a query of the partners, and an order of those of one row', () => {
    const many: Include = {
      kind: 'many',
      map: 'comments',
      to: 'postId',
      where: { spam: false },
      sort: { at: 'desc' },
      limit: 3,
    };
    expect(normalizeIncludes({ author: one, comments: many })).toEqual([
      { name: 'author', kind: 'one', map: 'users', query: {}, from: 'authorId', to: undefined, order: {} },
      {
        name: 'comments',
        kind: 'many',
        map: 'comments',
        query: { where: { op: 'eq', path: 'spam', value: false } },
        from: undefined,
        to: 'postId',
        order: { sort: [['at', 'desc']], limit: 3 },
      },
    ]);
  });

  const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`r${i}`, one]));
  it.each<[what: string, includes: Includes]>([
    ['none', {}],
    ['9 of them', many],
    ['one named _key', { _key: one }],
    ['one of an unknown kind', { r: { ...one, kind: 'some' as 'one' } }],
    ['one without a map', { r: { kind: 'one' } as Include }],
    ['a path that is no text', { r: { ...one, from: 1 as unknown as string } }],
    ['a wrong limit', { r: { ...one, kind: 'many', limit: 0 } }],
  ])('[REL-5] refuses %s', (_, includes) => {
    expect(() => normalizeIncludes(includes)).toThrow(invalid);
  });
});

describe('IncludeView', () => {
  it('[REL-3] a list of partners stays the same while its partners do', () => {
    const [spec] = normalizeIncludes({
      r: { kind: 'many', map: 'm', to: 'of', sort: { n: 'asc' }, limit: 2 },
    });
    const view = new IncludeView<string>(spec as NonNullable<typeof spec>);
    const partner = (id: string, n: number) => ({ id, key: id, value: { of: 'a', n }, shown: id });
    view.rowChanged('a', { key: 'a', value: {} });
    for (const [n, id] of ['x', 'y', 'z'].entries()) view.partnerChanged(id, partner(id, n));
    const before = view.of('a');
    expect(before).toEqual(['x', 'y']);
    view.takeTouched();
    view.partnerChanged('z', partner('z', 9));
    expect([...view.takeTouched()]).toEqual(['a']);
    expect(view.of('a')).toBe(before);
    view.rowChanged('b', { key: 'b', value: {} });
    expect([...view.takeTouched()]).toEqual(['b']);
    expect(view.of('b')).toBe(view.of('gone'));
  });
});
