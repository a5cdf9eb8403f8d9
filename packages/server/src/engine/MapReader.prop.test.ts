import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { storedRecord } from '../storage/contractRecords.js';
import { FIRST_PLACE, type MapPage, type PageQuestion, type Place } from './MapReader.js';
import { TestNode } from './testing/TestNode.js';

const POLICIES: readonly Policy[] = [
  { role: 'all', map: '**', actions: ['READ'] },
  { role: 'some', map: 'm', actions: ['READ'], where: { op: 'lt', path: 'b', value: 3 }, fields: ['b'] },
];
const principal = (role: string) => ({ sub: 'ann', roles: [role], claims: {} });

/** Rows with few keys, several of one offset (a transaction), some deleted, in two maps. */
const rows = fc.uniqueArray(
  fc.record({
    key: fc.nat({ max: 400 }).map((n) => (n < 200 ? `{t}${n}` : `k${n}`)),
    map: fc.constantFrom('m', 'm', 'm', 'other'),
    n: fc.integer({ min: 1, max: 12 }),
    b: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
  }),
  { minLength: 20, maxLength: 60, selector: ({ map, key }) => `${map}/${key}` },
);

function nodeWith(
  stored: readonly { key: string; map: string; n: number; b: number | undefined }[],
): TestNode {
  const node = new TestNode({ policies: POLICIES });
  node.engine.load(
    stored.map(({ b, ...row }) =>
      storedRecord({ ...row, t: row.n, value: b === undefined ? undefined : { b, c: 1 } }),
    ),
    [],
  );
  return node;
}

function readAll(node: TestNode, role: string, size: Pick<PageQuestion, 'rows' | 'bytes' | 'withDeleted'>) {
  const found: { key: string; seen: unknown }[] = [];
  let after = FIRST_PLACE;
  let pages = 0;
  for (;;) {
    const page: MapPage = node.engine.inspector.maps.page(
      principal(role),
      { map: 'm', after, ...size },
      node.now,
    );
    if (!('rows' in page)) throw new Error(JSON.stringify(page));
    for (const { row, seen } of page.rows) found.push({ key: row.key, seen });
    pages++;
    if (page.next === undefined) return { found: found.sort((a, b) => (a.key < b.key ? -1 : 1)), pages };
    after = page.next;
  }
}

describe('reading maps by pages', () => {
  it('[EXP-4] [EXP-5] pages of any size give each row that is seen exactly once, as it is seen', () => {
    let pages = 0;
    fc.assert(
      fc.property(
        rows,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 2_000 }),
        (stored, size, bytes) => {
          const node = nodeWith(stored);
          const byKey = (a: { key: string }, b: { key: string }): number => (a.key < b.key ? -1 : 1);
          const present = stored.filter(({ map, b }) => map === 'm' && b !== undefined);
          const all = readAll(node, 'all', { rows: size, bytes });
          expect(all.found).toEqual(present.map(({ key, b }) => ({ key, seen: { b, c: 1 } })).sort(byKey));
          const some = present.filter(({ b }) => (b ?? 9) < 3).map(({ key, b }) => ({ key, seen: { b } }));
          expect(readAll(node, 'some', { rows: size, bytes, withDeleted: true }).found).toEqual(
            some.sort(byKey),
          );
          const deleted = readAll(node, 'all', { rows: size, bytes, withDeleted: true });
          expect(deleted.found).toHaveLength(stored.filter(({ map }) => map === 'm').length);
          pages += all.pages;
        },
      ),
    );
    expect(pages).toBeGreaterThan(300);
  });

  it('[EXP-4] who may read nothing is refused, and names of maps are told to those who may read something of them', () => {
    const node = nodeWith([
      { key: 'a', map: 'm', n: 1, b: 1 },
      { key: 'a', map: 'other', n: 1, b: 1 },
    ]);
    const { maps } = node.engine.inspector;
    const question = { map: 'other', after: FIRST_PLACE, rows: 9, bytes: 999 };
    expect(maps.page(principal('some'), question, node.now)).toEqual({ refused: 'DENIED' });
    expect(maps.readable(principal('some'))).toEqual([{ name: 'm', kind: 'LWW', isWhole: false }]);
    expect(maps.readable(principal('all')).map(({ name }) => name)).toEqual(['m', 'other']);
    expect(maps.readable(principal('nobody'))).toEqual([]);
    expect(maps.whole(principal('some'), 'm')).toBeUndefined();
  });

  it('[EXP-4] [PERM-2] the ends of pages do not count rows that are hidden', () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      key: `k${i}`,
      map: 'm',
      n: 1,
      b: i % 20 === 0 ? 1 : 9,
    }));
    const node = nodeWith(rows);
    const sizes: number[] = [];
    let after: Place | undefined = FIRST_PLACE;
    while (after !== undefined) {
      const page = node.engine.inspector.maps.page(
        principal('some'),
        { map: 'm', after, rows: 1, bytes: 9_999 },
        node.now,
      ) as Extract<MapPage, { readonly rows: unknown }>;
      sizes.push(page.rows.length);
      after = page.next;
    }
    // The last one says only that there are no more.
    expect(sizes.filter((size) => size > 0)).toEqual([1, 1, 1]);
    expect(sizes.slice(0, 3)).toEqual([1, 1, 1]);
  });

  it('[EXP-4] a node that has looked at enough rows says when to come again', () => {
    const node = new TestNode({ policies: POLICIES, limits: { scannedRowsPerSecond: 10 } });
    node.engine.load(
      Array.from({ length: 30 }, (_, i) => storedRecord({ key: `k${i}`, n: 1 })),
      [],
    );
    const { maps } = node.engine.inspector;
    const question = { map: 'm', after: FIRST_PLACE, rows: 99, bytes: 9_999 };
    expect(maps.page(principal('all'), question, node.now)).toMatchObject({ rows: { length: 30 } });
    const refused = maps.page(principal('all'), question, node.now);
    expect(refused).toEqual({ retryAfterMs: 2_100 });
    expect(maps.page(principal('all'), question, node.now + 2_100)).toMatchObject({ rows: { length: 30 } });
  });
});
