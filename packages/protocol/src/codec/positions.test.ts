import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as LIMITS from '../limits.js';
import { PARTITION_COUNT } from '../messages/constants.js';
import type { Position } from '../messages/rows.js';
import { packHashes, shortHash, unpackHashes } from './hashes.js';
import { packPositions, roundPositions, unpackPositions } from './positions.js';

const YEAR_MS = 365 * 86_400_000;
const NOW_MS = 1_800_000_000_000;
const AT_MAX = LIMITS.cursorBytes - LIMITS.proofBytes;

const places = (epochs: number, nMax: number): fc.Arbitrary<Position[]> =>
  fc
    .tuple(
      fc.uniqueArray(fc.integer({ min: NOW_MS - YEAR_MS, max: NOW_MS }), { minLength: 1, maxLength: epochs }),
      fc.uniqueArray(fc.nat(PARTITION_COUNT - 1), { maxLength: PARTITION_COUNT }),
      fc.infiniteStream(fc.tuple(fc.nat(), fc.nat(nMax))),
    )
    .map(([times, pids, stream]) =>
      pids
        .sort((a, b) => a - b)
        .map((pid) => {
          const [which, n] = stream.next().value as [number, number];
          return [pid, times[which % times.length] as number, n] as const;
        }),
    );

describe('places of a cursor', () => {
  it('[RES-3] come back as they were, in at most 1.4 kB with their proof', () => {
    fc.assert(
      fc.property(places(16, 2 ** 24 - 2), (at) => {
        const bytes = packPositions(at);
        expect(bytes.length).toBeLessThanOrEqual(AT_MAX);
        expect(unpackPositions(bytes)).toEqual(at);
      }),
    );
  });

  it('[RES-3] come back as they were whatever the partitions went through', () => {
    fc.assert(
      fc.property(places(PARTITION_COUNT, 2 ** 44), (at) => {
        const bytes = packPositions(at);
        expect(bytes.length).toBeLessThanOrEqual(LIMITS.placesBytes);
        expect(unpackPositions(bytes)).toEqual(at);
      }),
    );
  });

  it('[RES-3] fit into a cursor where each partition has gone through many owners', () => {
    const owned: fc.Arbitrary<Position[]> = fc
      .array(fc.tuple(fc.nat(1_000), fc.nat(900_000)), {
        minLength: PARTITION_COUNT,
        maxLength: PARTITION_COUNT,
      })
      .map((all) => all.map(([owners, n], pid) => [pid, NOW_MS + owners, n]));
    fc.assert(
      fc.property(owned, (at) => {
        expect(packPositions(at).length).toBeLessThanOrEqual(AT_MAX);
      }),
    );
  });

  it('[RES-3] leave no change out where they are rounded, and are in few epochs', () => {
    fc.assert(
      fc.property(places(40, 2 ** 24), (at) => {
        const rounded = roundPositions(at);
        expect(rounded.map(([pid]) => pid)).toEqual(at.map(([pid]) => pid));
        expect(new Set(rounded.map(([, epoch]) => epoch)).size).toBeLessThanOrEqual(15);
        const newest = Math.max(...at.map(([, epoch]) => epoch));
        rounded.forEach((place, i) => {
          const [, epoch, n] = at[i] as Position;
          // Exact, or the start of a later epoch of the server, in which this partition has not changed.
          if (place[1] !== epoch || place[2] !== n) expect(place[1] > epoch && place[2] === 0).toBe(true);
          if (epoch === newest) expect(place).toEqual(at[i]);
        });
      }),
    );
  });

  it('[RES-3] bytes that nobody packed are refused, not misread', () => {
    const good = packPositions([
      [0, NOW_MS, 5],
      [100, NOW_MS + 7, 2 ** 20],
    ]);
    for (let cut = 0; cut < good.length; cut++)
      expect(unpackPositions(good.subarray(0, cut))).toBeUndefined();
    expect(unpackPositions(Uint8Array.of(...good, 0))).toBeUndefined();
    expect(unpackPositions(Uint8Array.of(2, ...good.subarray(1)))).toBeUndefined();
    expect(unpackPositions(Uint8Array.of(1, 0, 1, 0, 142, 2))).toBeUndefined();
    expect(unpackPositions(Uint8Array.of(1, 0, 0, 0, 143, 2))).toBeUndefined();
    expect(unpackPositions(new Uint8Array(100).fill(255))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        for (const [pid, epoch, n] of unpackPositions(Uint8Array.of(1, ...bytes)) ?? [])
          expect([pid, epoch, n].every((number) => Number.isSafeInteger(number) && number >= 0)).toBe(true);
      }),
    );
  });
});

describe('hashes of a walk', () => {
  it('[RES-5] travel as their low 48 bits', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeNat()), (hashes) => {
        expect(unpackHashes(packHashes(hashes))).toEqual(hashes.map(shortHash));
      }),
    );
  });
});
