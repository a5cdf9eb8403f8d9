import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admittedValues, frozenHlc, hostileStamps, keys } from '../../test/arbitraries.js';
import { stampOf } from '../clock/Timestamp.js';
import { LWWMap } from '../LWWMap.js';
import { ORMap } from '../ORMap.js';
import type { ReplicatedMap, ReplicatedRow } from './ReplicatedMap.js';

const values = fc.oneof(fc.constantFrom<unknown>(undefined, 1, 1n, 'x'), admittedValues);
const ttls = fc.constantFrom(undefined, 1, 5_000);
const tags = fc.constantFrom('t1', 't2', '__proto__');

const rows: fc.Arbitrary<ReplicatedRow> = fc
  .record({ key: keys, tag: tags, value: values, stamp: hostileStamps, ttlMs: ttls })
  .map(({ key, tag, value, stamp, ttlMs }) => ({
    key,
    tag,
    value,
    ...stampOf(stamp),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  }));

const kinds: [kind: string, make: () => ReplicatedMap][] = [
  ['LWWMap', () => new LWWMap<unknown>(frozenHlc('n'))],
  ['ORMap', () => new ORMap<unknown>(frozenHlc('n'))],
];

// What is equal on two replicas: all rows, except the stamps of removals, which say nothing.
function stateOf(map: ReplicatedMap): unknown[] {
  const names = map.itemsOf('').map(([name]) => name);
  return map
    .rowsOf(names.sort())
    .map(({ key, tag, value, t, node, ttlMs }) =>
      map.kind === 'OR' && value === undefined
        ? { key, tag }
        : { key, tag, value, t, node, ttlMs: ttlMs || 0 },
    );
}

function expectSame(a: ReplicatedMap, b: ReplicatedMap): void {
  expect(stateOf(a)).toEqual(stateOf(b));
  expect(a.rootHash()).toBe(b.rootHash());
}

describe.each(kinds)('%s', (_, make) => {
  it('[CLK-1] merge gives one state under any order, duplication and batching, with hostile ties', () => {
    const plans = fc.array(rows, { maxLength: 12 }).chain((all) =>
      fc.record({
        all: fc.constant(all),
        // Every row at least once, some again, in any order, in batches cut anywhere.
        order: fc
          .shuffledSubarray([...all, ...all], { minLength: 0 })
          .map((again) => [...again, ...all.slice().reverse()]),
        cut: fc.nat({ max: 5 }),
      }),
    );
    fc.assert(
      fc.property(plans, ({ all, order, cut }) => {
        const one = make();
        one.mergeRows(all);
        const other = make();
        for (let i = 0; i < order.length; i += cut + 1) {
          other.mergeRows(order.slice(i, i + cut + 1));
          if (i % 2 === 0) other.rootHash();
        }
        expectSame(one, other);
        expect(other.mergeRows(all)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('[CLK-1] of two deletions under one stamp the longer time to live stays, whichever came first', () => {
    const deletions = [undefined, 1].map((ttlMs) => ({
      key: 'k',
      tag: 't',
      value: undefined,
      t: 1,
      node: 'n',
      ...(ttlMs === undefined ? {} : { ttlMs }),
    }));
    const [one, other] = [make(), make()];
    one.mergeRows(deletions);
    other.mergeRows([...deletions].reverse());
    expectSame(one, other);
  });

  it('refuses rows whose stamp is none, and takes nothing of their batch', () => {
    const good = { key: 'k', tag: 't', value: 1, t: 1, node: 'n' };
    const bad = [{ t: 1.5 }, { t: -1 }, { t: Number.NaN }, { t: Number.MAX_SAFE_INTEGER }, { node: '' }];
    for (const stamp of bad) {
      const map = make();
      expect(() => map.mergeRows([good, { ...good, ...stamp }])).toThrow(
        expect.objectContaining({ code: 'TIMESTAMP_FORMAT' }),
      );
      expect(map.rootHash()).toBe(0);
    }
  });

  it('[CLK-1] merge of states is commutative, associative and idempotent', () => {
    const states = fc.array(rows, { maxLength: 6 });
    const from = (...parts: ReplicatedRow[][]) => {
      const map = make();
      for (const part of parts) map.mergeRows(part);
      return map;
    };
    const all = (map: ReplicatedMap) => map.rowsOf(map.itemsOf('').map(([name]) => name));
    fc.assert(
      fc.property(states, states, states, (a, b, c) => {
        expectSame(from(a, b), from(b, a));
        expectSame(from(all(from(a, b)), c), from(a, all(from(b, c))));
        expectSame(from(a, a), from(a));
      }),
      { numRuns: 200 },
    );
  });

  it('[DAT-5] roots are equal iff states are', () => {
    const states = fc.array(rows, { maxLength: 4 });
    fc.assert(
      fc.property(states, states, (a, b) => {
        const [one, other] = [make(), make()];
        one.mergeRows(a);
        other.mergeRows(b);
        const same = JSON.stringify(digestless(one)) === JSON.stringify(digestless(other));
        expect(one.rootHash() === other.rootHash()).toBe(same);
      }),
      { numRuns: 300 },
    );
  });

  it('[DAT-5] a map that forgot everything equals a fresh one', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 8 }), (all) => {
        const map = make() as LWWMap<unknown> | ORMap<unknown>;
        map.mergeRows(all);
        map.rootHash();
        map.clear();
        expect(map.rootHash()).toBe(0);
        map.mergeRows(all);
        const fresh = make();
        fresh.mergeRows(all);
        expectSame(map, fresh);
      }),
    );
  });
});

// A text that differs iff the state does, for values that JSON alone would confuse.
function digestless(map: ReplicatedMap): unknown {
  return stateOf(map).map((row) =>
    JSON.stringify(row, (_, value: unknown) => {
      if (typeof value === 'bigint') return `bigint ${value}`;
      if (typeof value === 'string') return `string ${value}`;
      if (value instanceof Uint8Array) return ['bytes', ...value];
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
      return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    }),
  );
}
