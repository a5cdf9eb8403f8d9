import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeDedup, mergeRecord } from './mergeRecord.js';
import type { DedupEntry, StoredRecord } from './Store.js';

const offsets = fc.record({ epoch: fc.integer({ min: 1, max: 2 }), n: fc.integer({ min: 1, max: 3 }) });
const stamps = fc.record({ t: fc.integer({ min: 1, max: 3 }), node: fc.constantFrom('a', 'b', 'Z') });
const total = fc.integer({ min: 0, max: 5 });

// Few stamps, nodes, values and offsets, so that ties of every kind are common. Within one kind only: DAT-2.
const recordsOf = (kind: StoredRecord['kind']): fc.Arbitrary<StoredRecord> =>
  fc
    .tuple(
      offsets,
      stamps,
      kind === 'PN' ? fc.tuple(total, total) : fc.constantFrom(undefined, 'x', 'y', 0),
      fc.constantFrom(undefined, 5, 9),
      fc.constantFrom(undefined, 1, 2),
    )
    .map(([offset, stamp, value, ttlMs, repaired]) => ({
      map: 'm',
      key: 'k',
      ...(kind === 'OR' && { tag: 'g' }),
      kind,
      value,
      ...stamp,
      ...offset,
      ...(ttlMs !== undefined && { ttlMs }),
      ...(kind === 'LWW' && repaired !== undefined && { repaired }),
    }));

const fold = (records: readonly StoredRecord[]): StoredRecord | undefined =>
  records.reduce<StoredRecord | undefined>((stored, record) => mergeRecord(stored, record), undefined);

describe('mergeRecord', () => {
  for (const kind of ['LWW', 'OR', 'PN'] as const) {
    it(`[STO-6] ${kind}: any order and any repetition end in the same record`, () => {
      fc.assert(
        fc.property(
          fc
            .array(recordsOf(kind), { minLength: 1, maxLength: 6 })
            .chain((list) =>
              fc.tuple(
                fc.constant(list),
                fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 }),
              ),
            ),
          ([list, shuffled]) => {
            expect(fold(shuffled)).toEqual(fold(list));
          },
        ),
      );
    });

    it(`[STO-6] ${kind}: merging in groups is merging one by one`, () => {
      fc.assert(
        fc.property(recordsOf(kind), recordsOf(kind), recordsOf(kind), (a, b, c) => {
          expect(mergeRecord(mergeRecord(a, b), c)).toEqual(mergeRecord(a, mergeRecord(b, c)));
        }),
      );
    });

    it(`[STO-6] ${kind}: a record that changes nothing leaves the stored object itself`, () => {
      fc.assert(
        fc.property(recordsOf(kind), (record) => {
          expect(mergeRecord(record, { ...record })).toBe(record);
        }),
      );
    });
  }

  it('[STO-4] a removed tag wins against every add', () => {
    fc.assert(
      fc.property(fc.array(recordsOf('OR'), { minLength: 1 }), (records) => {
        const removed = records.some((record) => record.value === undefined);
        expect(fold(records)?.value === undefined).toBe(removed);
      }),
    );
  });
});

describe('mergeDedup', () => {
  const entry = (seq: number, outcome: DedupEntry['outcome']): DedupEntry => ({
    seq,
    outcome,
    t: seq,
    node: 's',
    n: seq,
    epoch: 1,
    fingerprint: seq,
  });
  const rows = fc.record({
    settledBelow: fc.integer({ min: 0, max: 6 }),
    entries: fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom(0, 3)), {
      selector: ([seq]) => seq,
    }),
  });

  it('[STO-7] replaying commits changes nothing, and no entry lies below settledBelow', () => {
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 5 }), (commits) => {
        const all = commits.map((row) => ({
          clientId: 'c',
          session: 's',
          settledBelow: row.settledBelow,
          entries: row.entries.map(([seq, outcome]) => entry(seq, outcome as 0 | 3)),
        }));
        const once = all.reduce<ReturnType<typeof mergeDedup> | undefined>(
          (held, row) => mergeDedup(held, row),
          undefined,
        );
        const twice = all.reduce((held, row) => mergeDedup(held, row), once);
        expect(twice).toEqual(once);
        const settledBelow = once?.settledBelow ?? 0;
        expect(once?.entries.every(({ seq }) => seq >= settledBelow) ?? true).toBe(true);
      }),
    );
  });
});
