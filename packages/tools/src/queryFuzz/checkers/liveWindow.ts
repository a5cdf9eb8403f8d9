import { type Delta, LiveWindow } from '@topgun/core';
import type { Row } from '../Case.js';
import { type Checker, Difference } from '../Checker.js';
import { assertSameRows } from '../expect.js';
import { seenBy } from '../oracle/answer.js';

/** A live window that is told of every change: what it shows, and where its deltas lead. */
export const liveWindow: Checker = {
  name: 'live window',
  check({ query, policies, batches }, { of }) {
    for (const { who, seen, answers } of of) {
      const window = new LiveWindow<unknown>(query);
      window.reset(seen[0] ?? []);
      let followed: Row[] = window.rows().slice();
      assertSameRows(`the window of ${who.sub} at the start`, followed, answers[0] ?? []);
      for (const [at, batch] of batches.entries()) {
        for (const [key, value] of batch) {
          const now = value === undefined ? undefined : seenBy(who, policies, value);
          for (const delta of window.apply(key, now)) followed = follow(followed, delta);
        }
        const expected = answers[at + 1] ?? [];
        assertSameRows(`the window of ${who.sub} after batch ${at + 1}`, window.rows(), expected);
        assertSameRows(`the deltas for ${who.sub} up to batch ${at + 1}`, followed, expected);
        for (const [key] of batch) {
          const isIn = expected.some(([other]) => other === key);
          if (window.has(key) !== isIn)
            throw new Difference(`whether the window of ${who.sub} has ${key}`, !isIn, isIn);
        }
      }
    }
  },
};

function follow(rows: readonly Row[], delta: Delta<unknown>): Row[] {
  const isKnown = rows.some(([key]) => key === delta.key);
  if (isKnown === (delta.type === 'ENTER'))
    throw new Difference(`${delta.type} of ${delta.key}`, isKnown, !isKnown);
  const others = rows.filter(([key]) => key !== delta.key);
  return delta.type === 'LEAVE' ? others : others.toSpliced(delta.index, 0, [delta.key, delta.value]);
}
