import type { IndexSpec, PredicateNode } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../security/PermissionPolicy.js';
import { ask } from '../testing/queryTests.js';
import { TestNode } from '../testing/TestNode.js';

const SPECS: readonly IndexSpec[] = [
  { kind: 'hash', path: 'a' },
  { kind: 'ordered', path: 'b' },
  { kind: 'compound', paths: ['a', 'b'] },
];
/** Rows by rule, fields by mask, and both at once for who has both roles. */
const POLICIES: readonly Policy[] = [
  { role: 'some', map: 'm', actions: ['READ'], where: { op: 'lt', path: 'b', value: 3 } },
  { role: 'masked', map: 'm', actions: ['READ'], fields: ['a'] },
  { role: 'mine', map: 'm', actions: ['READ'], where: { op: 'eq', path: 'a', value: { $auth: 'sub' } } },
  { role: 'all', map: 'm', actions: ['READ', 'PUT', 'REMOVE'] },
];
const ROLES = [['all'], ['some'], ['masked'], ['some', 'masked'], ['mine', 'masked']] as const;

const field = fc.constantFrom<unknown>(0, 1, 2, 3, 4, 'ann', 'ben', null, undefined);
const leaf: fc.Arbitrary<PredicateNode> = fc.oneof(
  fc.record({
    op: fc.constantFrom('eq' as const, 'neq' as const, 'gt' as const, 'lte' as const),
    path: fc.constantFrom('a', 'b'),
    value: field.map((value) => value ?? null),
  }),
  fc.record({ op: fc.constant('exists' as const), path: fc.constantFrom('a', 'b') }),
);
const where = fc.oneof(
  leaf,
  leaf.map((child): PredicateNode => ({ op: 'not', child })),
  fc.record({
    op: fc.constantFrom('and' as const, 'or' as const),
    children: fc.array(leaf, { maxLength: 3 }),
  }),
);
const question = fc.record(
  {
    where,
    sort: fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('asc' as const, 'desc' as const)), {
      maxLength: 2,
    }),
    limit: fc.integer({ min: 1, max: 4 }),
  },
  { requiredKeys: [] },
);
const write = fc.record({
  key: fc.nat({ max: 23 }).map((n) => `k${n}`),
  value: fc.option(fc.record({ a: field, b: field }), { nil: undefined, freq: 4 }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const step = fc.oneof(
  { weight: 4, arbitrary: write.map((made) => ({ write: made })) },
  { weight: 1, arbitrary: fc.record({ question, roles: fc.constantFrom(...ROLES) }) },
  { weight: 1, arbitrary: fc.constant('settle' as const) },
  { weight: 1, arbitrary: fc.constant('build' as const) },
);

/** A value as it is sent: a field that is undefined is none. */
const fields = (value: { a?: unknown; b?: unknown }): unknown =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));

describe('indexes of a node', () => {
  it('[QRY-7] change no answer and no update, whatever is hidden and however far they are built', () => {
    const play = (steps: readonly unknown[], specs: readonly IndexSpec[]): unknown[] => {
      const node = new TestNode({
        policies: POLICIES,
        indexes: { m: specs },
        limits: { indexRows: 2, smallResultBytes: 0 },
      });
      const root = node.device('root', { roles: ['all'] });
      let asked = 0;
      for (const made of steps as readonly Step[]) {
        if (made === 'settle') node.settle();
        else if (made === 'build') {
          // What is open is committed first, for the timer of an index would end the turn earlier.
          node.settle();
          node.pass(5);
        } else if ('question' in made)
          ask(node.device('ann', { roles: made.roles }), `q${asked++}`, made.question);
        else if (made.write.value === undefined) root.remove('m', made.write.key);
        else root.put('m', made.write.key, fields(made.write.value));
      }
      node.settle();
      return node.sent.filter(({ message }) => message.type.startsWith('QUERY'));
    };
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.subarray([...SPECS], { minLength: 1 }),
        (steps, specs) => {
          expect(play(steps, specs)).toEqual(play(steps, []));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('[QRY-7] are built in slices between which the node does other things, and then spare it the reading', () => {
    const node = new TestNode({
      indexes: { m: [{ kind: 'hash', path: 'a' }] },
      limits: { indexRows: 10, scannedRowsPerSecond: 50 },
    });
    const ann = node.device();
    for (let i = 0; i < 40; i++) ann.put('m', `k${i}`, { a: i });
    node.settle();
    node.restart();
    node.tick();
    expect(node.engine.stats()).toMatchObject({ indexes: 1, indexesBuilding: 1 });
    for (let slices = 1; slices <= 4; slices++) {
      expect(node.engine.inspector.indexes('m').indexes[0]).toMatchObject({ isComplete: false });
      node.pass(5);
    }
    node.pass(5);
    expect(node.engine.inspector.indexes('m').indexes).toMatchObject([
      { name: 'hash(a)', rows: 40, isComplete: true },
    ]);
    expect(node.engine.stats()).toMatchObject({ indexes: 1, indexesBuilding: 0 });
    expect([...node.timers.keys()]).not.toContain('index');
    const ben = node.device('ben');
    // Forty rows each would use up the second.
    for (let i = 0; i < 20; i++) ask(ben, `q${i}`, { where: { op: 'eq', path: 'a', value: i } });
    expect(ben.errors).toEqual([]);
    expect(ben.all('QUERY_RESP').every(({ rows }) => rows.length === 1)).toBe(true);
  });

  it('[QRY-7] what was read in vain names the index that would have spared it', () => {
    const node = new TestNode();
    const ann = node.device();
    for (let i = 0; i < 40; i++) ann.put('m', `k${i}`, { a: i });
    node.settle();
    ask(ann, 'q', { where: { op: 'eq', path: 'a', value: 1 } });
    expect(node.engine.inspector.indexes('m').advice[0]).toMatchObject({
      index: { kind: 'hash', path: 'a' },
      rowsSaved: 39,
    });
  });
});
