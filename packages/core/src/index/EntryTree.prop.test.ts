import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareValues } from '../value/compareValues.js';
import { compareEntry, compareFields, EntryTree } from './EntryTree.js';

type Entry = readonly [a: unknown, b: unknown, key: string];
const scalars = fc.constantFrom<unknown>(undefined, null, true, 1, 1n, 2, 'a', 'b', new Date(1), [1], [1n], {
  x: 1,
});
const entries = fc.tuple(
  scalars,
  scalars,
  fc.nat({ max: 60 }).map((i) => `k${i}`),
);
const compare = (x: Entry, y: Entry): number =>
  compareValues(x[0], y[0]) || compareValues(x[1], y[1]) || (x[2] < y[2] ? -1 : x[2] > y[2] ? 1 : 0);

function keysOf(tree: EntryTree, from = 0, to = tree.size, isBackward = false): string[] {
  const keys: string[] = [];
  tree.visit(from, to, isBackward, (key) => keys.push(key) > 0);
  return keys;
}

describe('EntryTree', () => {
  it('[IDX-3] holds entries in order of fields and key, and counts them, while they come and go', () => {
    const steps = fc.array(fc.record({ entry: entries, isGone: fc.boolean() }), {
      maxLength: 400,
      size: 'max',
    });
    fc.assert(
      fc.property(steps, entries, fc.nat(), fc.nat(), (all, looked, one, two) => {
        const tree = new EntryTree(2);
        let model: Entry[] = [];
        for (const { entry, isGone } of all) {
          const [a, b, key] = entry;
          const isIn = model.some((other) => compare(other, entry) === 0);
          if (isGone) {
            expect(tree.remove([a, b], key)).toBe(isIn);
            model = model.filter((other) => compare(other, entry) !== 0);
          } else {
            expect(tree.add([a, b], key)).toBe(!isIn);
            if (!isIn) model.push(entry);
          }
        }
        model.sort(compare);
        expect(tree.size).toBe(model.length);
        expect(keysOf(tree)).toEqual(model.map(([, , key]) => key));
        const [from = 0, to = 0] = [one % (model.length + 1), two % (model.length + 1)].sort((a, b) => a - b);
        const slice = model.slice(from, to).map(([, , key]) => key);
        expect(keysOf(tree, from, to)).toEqual(slice);
        expect(keysOf(tree, from, to, true)).toEqual(slice.reverse());
        expect(
          tree.rank((columns, at) => compareEntry(columns, at, [looked[0], looked[1]], looked[2]) < 0),
        ).toBe(model.filter((other) => compare(other, looked) < 0).length);
        expect(tree.rank((columns, at) => compareFields(columns, at, [looked[0]]) <= 0)).toBe(
          model.filter((other) => compareValues(other[0], looked[0]) <= 0).length,
        );
        expect(model.map((_, at) => tree.fieldsAt(at))).toEqual(model.map(([a, b]) => [a, b]));
      }),
      { numRuns: 60 },
    );
  });

  it('[IDX-3] stays right through many levels, filled in order and emptied at random', () => {
    const tree = new EntryTree(1);
    const count = 20_000;
    for (let i = 0; i < count; i++) tree.add([i], `k${i}`);
    expect(tree.size).toBe(count);
    for (let i = 0; i < count; i += 997) expect(tree.fieldsAt(i)).toEqual([i]);
    // 7919 is prime to the count, so every entry is met once.
    for (let i = 0; i < count - 10; i++) {
      const at = (i * 7_919) % count;
      if (!tree.remove([at], `k${at}`)) expect.unreachable(`k${at} is lost`);
    }
    expect(tree.size).toBe(10);
    const left = Array.from({ length: 10 }, (_, i) => ((count - 10 + i) * 7_919) % count).sort(
      (a, b) => a - b,
    );
    expect(keysOf(tree)).toEqual(left.map((at) => `k${at}`));
    for (const at of left) tree.remove([at], `k${at}`);
    expect([tree.size, keysOf(tree)]).toEqual([0, []]);
  });

  it('[IDX-3] stays right when whole stretches go, come back and thin out, so that inner nodes join', () => {
    const tree = new EntryTree(1);
    const count = 16_384;
    const model = new Uint8Array(count);
    const put = (at: number, isIn: boolean): void => {
      const did = isIn ? tree.add([at], `k${at}`) : tree.remove([at], `k${at}`);
      if (did !== (model[at] !== Number(isIn))) expect.unreachable(`${at} was taken for another`);
      model[at] = Number(isIn);
    };
    for (let i = 0; i < count; i++) put(i, true);
    for (let round = 1; round <= 6; round++) {
      // A stretch of many leaves, from a place that is another each time.
      const start = (round * 2_731) % (count - 6_000);
      for (let i = start; i < start + 4_000; i++) put(i, false);
      for (let i = start; i < start + 4_000; i += 7) put((i * 31) % count, true);
      for (let i = start; i < start + 4_000; i += 2) put(i, true);
      for (let i = 0; i < count; i++) if ((i * round) % 5 !== 0) put(i, false);
      for (let i = 0; i < count; i += 3) put((i * 13) % count, true);
      const all = Array.from(model.keys()).filter((at) => model[at] === 1);
      expect(keysOf(tree)).toEqual(all.map((at) => `k${at}`));
      expect(tree.rank((entries, at) => compareFields(entries, at, [8_000]) < 0)).toBe(
        all.filter((at) => at < 8_000).length,
      );
    }
  });

  it('stops when a visit returns false', () => {
    const tree = new EntryTree(1);
    for (let i = 0; i < 500; i++) tree.add([i], `k${i}`);
    for (const isBackward of [false, true]) {
      let visited = 0;
      expect(tree.visit(0, 500, isBackward, () => ++visited < 100)).toBe(false);
      expect(visited).toBe(100);
    }
  });
});
