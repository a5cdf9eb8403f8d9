import { expect, it } from 'vitest';
import { heldSet } from './heldSet.js';
import { NeverOlder } from './NeverOlder.js';
import { sameRoots } from './sameRoots.js';

it('[C1] names who shows another root', () => {
  expect(sameRoots('m', [])).toBeUndefined();
  expect(
    sameRoots('m', [
      ['a', 1],
      ['b', 1],
    ]),
  ).toBeUndefined();
  // Nothing is known of the map: nothing is in it.
  expect(
    sameRoots('m', [
      ['a', 0],
      ['b', undefined],
    ]),
  ).toBeUndefined();
  expect(
    sameRoots('m', [
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ]),
  ).toBe('C1: live root of m is 1 on a and 1 more, 2 on b');
});

it('[B2] remembers for each reader and key the newest age', () => {
  const ages = new NeverOlder<object>();
  const [one, other] = [{}, {}];
  expect([ages.saw(one, 'k', 2), ages.saw(one, 'k', 2), ages.saw(one, 'k', 3)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect([ages.saw(other, 'k', 1), ages.saw(one, 'l', 1), ages.saw(one, 'k', 2)]).toEqual([
    undefined,
    undefined,
    3,
  ]);
  ages.forget();
  expect(ages.saw(one, 'k', 1)).toBeUndefined();
});

it('[D1] [C6] what was added stays unless somebody takes it, and what was removed is gone', () => {
  const story = { added: [1, 2, 3], taken: new Set([2, 3]), removed: [3] };
  expect(heldSet(story, new Set([1, 2]))).toEqual({ lost: [], back: [] });
  expect(heldSet(story, new Set([1]))).toEqual({ lost: [], back: [] });
  expect(heldSet(story, new Set([2, 3]))).toEqual({ lost: [1], back: [3] });
});
