import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartitionState } from '../PartitionState.js';
import type { DedupEntry, DedupRow, GcMarks, PartitionSlice, StoredRecord } from '../Store.js';
import { ByteReader } from './ByteReader.js';
import { ByteWriter } from './ByteWriter.js';
import { encodeCommit, openCommit } from './chunkCodec.js';
import { mergeSlices } from './mergeSlices.js';
import { unpacked } from './PackedRecord.js';

/** Few enough names and times that versions of one record meet. */
const few = fc.constantFrom('a', 'b', 'ключ', '日本', 'k'.repeat(70), '\ufeffmark');
const small = fc.nat({ max: 4 });

const record: fc.Arbitrary<StoredRecord> = fc
  .record({
    map: fc.constantFrom('m', 'n'),
    key: few,
    kind: fc.constantFrom('LWW' as const, 'OR' as const),
    value: fc.option(fc.oneof(fc.string(), fc.integer(), fc.record({ x: fc.boolean() })), { nil: undefined }),
    t: fc.oneof(small, fc.maxSafeNat()),
    node: few,
    epoch: fc.oneof(small, fc.maxSafeNat()),
    n: fc.oneof(small, fc.maxSafeNat()),
    ttlMs: fc.option(fc.integer({ min: 1, max: 2 ** 40 }), { nil: undefined }),
    owner: fc.option(few, { nil: undefined }),
    from: fc.option(few, { nil: undefined }),
    repaired: fc.option(fc.oneof(small, fc.maxSafeNat()), { nil: undefined }),
  })
  .map(({ kind, ttlMs, owner, from, repaired, ...rest }) => ({
    ...rest,
    // A map has one kind for all its life.
    kind: rest.map === 'n' ? 'OR' : 'LWW',
    ...(rest.map === 'n' && { tag: `${rest.key}#` }),
    ...(ttlMs !== undefined && { ttlMs }),
    ...(owner !== undefined && { owner }),
    ...(from !== undefined && { from }),
    ...(rest.map === 'm' && repaired !== undefined && { repaired }),
  }));

const entry: fc.Arbitrary<DedupEntry> = fc
  .record({
    seq: fc.nat({ max: 12 }),
    outcome: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
    t: fc.maxSafeNat(),
    node: fc.constantFrom('s', 'other'),
    n: small,
    epoch: small,
    fingerprint: fc.maxSafeNat(),
    code: fc.option(fc.constant('DENIED'), { nil: undefined }),
    concern: fc.option(small, { nil: undefined }),
    reason: fc.option(few, { nil: undefined }),
  })
  .map(({ code, concern, reason, ...rest }) => ({
    ...rest,
    ...(code !== undefined && { code }),
    ...(concern !== undefined && { concern }),
    ...(reason !== undefined && { reason }),
  }));

const dedup: fc.Arbitrary<DedupRow> = fc.record({
  clientId: fc.constantFrom('c', 'd'),
  session: fc.constantFrom('s', 'u'),
  settledBelow: fc.nat({ max: 10 }),
  entries: fc.array(entry, { maxLength: 4 }),
});

const gc: fc.Arbitrary<GcMarks> = fc
  .record({
    floor: fc.record({ t: fc.maxSafeNat(), node: few }),
    offset: fc.record({ epoch: small, n: small }),
    repaired: fc.option(fc.integer({ min: 1, max: 2 ** 42 }), { nil: undefined }),
  })
  .map(({ repaired, ...marks }) => (repaired === undefined ? marks : { ...marks, repaired }));

const slice: fc.Arbitrary<PartitionSlice> = fc
  .record({
    pid: fc.nat({ max: 270 }),
    high: fc.record({ epoch: small, n: small }),
    gc: fc.option(gc, { nil: undefined }),
    records: fc.array(record, { maxLength: 6 }),
    dedup: fc.uniqueArray(dedup, { maxLength: 3, selector: (row) => row.clientId + row.session }),
  })
  .map(({ gc, ...rest }) => ({ ...rest, ...(gc && { gc }) }));

const meta = fc.array(fc.record({ name: few, value: fc.oneof(fc.integer(), fc.record({ sub: few })) }), {
  maxLength: 3,
});

/** Everything a state holds, in one comparable value. */
function contentOf(state: PartitionState): unknown {
  return {
    high: state.high,
    gc: state.gc,
    records: new Map([...state.records].map(([id, held]) => [id, unpacked(held)])),
    dedup: state.dedup,
  };
}

describe('chunks of the embedded store', () => {
  it('[STO-11] a commit comes back as it was written', () => {
    fc.assert(
      fc.property(fc.array(slice, { maxLength: 4 }), meta, (slices, rows) => {
        const opened = openCommit(encodeCommit({ slices, meta: rows }), 'here');
        const read = opened.slices.map((packed) => packed.read());
        expect(read.map((one) => ({ ...one, records: one.records.map(unpacked) }))).toEqual(slices);
        expect(opened.meta).toEqual(rows);
        expect(opened.slices.map((packed) => packed.rows)).toEqual(
          slices.map((one) => one.records.length + one.dedup.length),
        );
      }),
    );
  });

  it('[STO-17] a commit written from packed records is the same commit', () => {
    fc.assert(
      fc.property(slice, (one) => {
        const first = encodeCommit({ slices: [one], meta: [] });
        const slices = openCommit(first, 'here').slices.map((packed) => packed.read());
        expect(encodeCommit({ slices, meta: [] })).toEqual(first);
      }),
    );
  });

  it('[STO-6] [STO-7] slices merged from the last to the first amount to the same as one by one', () => {
    fc.assert(
      fc.property(fc.array(slice, { maxLength: 8 }), (slices) => {
        const forward = new PartitionState();
        for (const one of slices) forward.absorb(one);
        const { slices: packed } = openCommit(encodeCommit({ slices, meta: [] }), 'here');
        expect(contentOf(mergeSlices(packed))).toEqual(contentOf(forward));
      }),
      { numRuns: 500 },
    );
  });

  it('[STO-20] a chunk with any bit turned is refused', () => {
    const chunk = encodeCommit({ slices: [], meta: [{ name: 'clock', value: 1 }] });
    for (let bit = 0; bit < chunk.length * 8; bit++) {
      const damaged = Buffer.from(chunk);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => openCommit(damaged, 'here')).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    }
  });

  it('[STO-11] numbers and texts of any size fit, whatever room was guessed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.maxSafeNat(), fc.double(), fc.string({ unit: 'grapheme' }))),
        (rows) => {
          const writer = new ByteWriter(3, 0);
          for (const [whole, real, text] of rows) {
            writer.uint(whole);
            writer.float(real);
            writer.text(text);
          }
          const reader = new ByteReader(writer.end(), 3);
          expect(rows.map(() => [reader.uint(), reader.float(), reader.text()])).toEqual(rows);
        },
      ),
    );
  });
});
