import * as LIMITS from '@topgun/protocol/limits';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { compareStoreKeys } from '../keys/compareStoreKeys.js';
import { type Row, SortedRuns } from './SortedRuns.js';

const row: fc.Arbitrary<Row> = fc.tuple(
  fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }),
  fc.nat(),
);

it('[CST-29] parts of a log give every key once, in order, with its last value', () => {
  vi.spyOn(LIMITS, 'rowsPerMerge', 'get').mockReturnValue(20 as never);
  fc.assert(
    fc.property(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 12 }), (parts) => {
      const runs = new SortedRuns();
      const last = new Map<string, Row>();
      for (const part of parts) {
        for (const one of part) last.set(JSON.stringify(one[0]), one);
        runs.add([...part]);
      }
      const found: Row[] = [];
      for (let next = runs.shift(); next; next = runs.shift()) found.push(next);
      expect(found).toEqual([...last.values()].sort(([a], [b]) => compareStoreKeys(a, b)));
    }),
  );
});
