import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runQuery } from '../compileQuery.js';
import { evaluate } from '../evaluate.js';
import { parsePath, readPath } from '../path.js';
import { IncludeView } from './IncludeView.js';
import { type Include, normalizeIncludes } from './normalizeInclude.js';

const common = fc.constantFrom<unknown>('u1', 'u2', 1, 1n, 2, null, new Date(0), [1], true, 'null');
const row = fc.record({ ref: common }, { requiredKeys: [] });
const partner = fc.record({ ref: common, n: fc.integer({ min: 0, max: 3 }) }, { requiredKeys: ['n'] });
const key = fc.constantFrom('u1', 'u2', 'u3', 'null', 'missing');
const change = fc.oneof(
  fc.record({ side: fc.constant('row' as const), key, now: fc.option(row, { nil: undefined }) }),
  fc.record({ side: fc.constant('partner' as const), key, now: fc.option(partner, { nil: undefined }) }),
);

const relations: Include[] = [
  { kind: 'one', map: 'm', from: 'ref' },
  { kind: 'one', map: 'm', from: 'ref', to: 'ref' },
  { kind: 'one', map: 'm' },
  { kind: 'many', map: 'm', to: 'ref' },
  { kind: 'many', map: 'm', from: 'ref', to: 'ref', sort: { n: 'desc' }, limit: 2 },
];

/** The rule written down the slow way: every row with every partner. */
function naive(
  include: Include,
  rowKey: string,
  value: unknown,
  partners: ReadonlyMap<string, unknown>,
): unknown {
  const field = (path: string | undefined, at: string, of: unknown): unknown =>
    path === undefined ? at : readPath(of, parsePath(path));
  const wanted = field(include.from, rowKey, value);
  const found = [...partners].filter(([at, of]) => {
    const has = field(include.to, at, of);
    if (wanted === undefined || wanted === null || has === undefined) return false;
    return evaluate({ op: 'eq', path: '', value: wanted }, has);
  });
  const { order } = normalizeIncludes({ include })[0] as ReturnType<typeof normalizeIncludes>[0];
  const sorted = runQuery(order, found).map(([at]) => at);
  return include.kind === 'one' ? sorted[0] : sorted;
}

describe('IncludeView', () => {
  it.each(relations)('[REL-2] kept up to date from both sides, %j is what joining anew gives', (include) => {
    const [spec] = normalizeIncludes({ include });
    if (spec === undefined) throw new Error('no relation');
    fc.assert(
      fc.property(fc.array(fc.tuple(change, fc.boolean()), { maxLength: 40 }), (changes) => {
        const view = new IncludeView<string>(spec);
        const rows = new Map<string, unknown>();
        const partners = new Map<string, unknown>();
        let told = new Map<string, unknown>();
        for (const [{ side, key: at, now }, isRead] of changes) {
          const state = side === 'row' ? rows : partners;
          if (now === undefined) state.delete(at);
          else state.set(at, now);
          if (side === 'row') view.rowChanged(at, now && { key: at, value: now });
          else view.partnerChanged(at, now && { id: at, key: at, value: now, shown: at });
          if (!isRead) continue;
          const touched = view.takeTouched();
          const results = new Map([...rows.keys()].map((id) => [id, view.of(id)]));
          for (const [id, value] of rows)
            expect(results.get(id)).toEqual(naive(include, id, value, partners));
          for (const [id, result] of results) {
            if (!told.has(id)) continue;
            if (!touched.has(id)) expect(result).toBe(told.get(id));
          }
          told = results;
        }
      }),
      { numRuns: 300 },
    );
  });
});
