import { miniSearchIndex } from '@topgun/search';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeWorld } from '../engine/testing/FakeWorld.js';
import { type SearchDelta, type SearchHit, search } from '../search.js';
import { clientOn } from './testing/clientOn.js';

interface Note {
  readonly title: string;
  readonly n: number;
}

const word = fc.constantFrom('red', 'wine', 'wines', 'white', 'beer', 'win');
const note = fc.record({ title: fc.array(word, { maxLength: 4 }).map((all) => all.join(' ')), n: fc.nat(2) });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ key: fc.nat(6).map((n) => `k${n}`), value: fc.option(note, { freq: 3 }) }),
  },
  { weight: 2, arbitrary: fc.constant('tick' as const) },
  { weight: 1, arbitrary: fc.array(word, { maxLength: 2 }).map((all) => ({ query: all.join(' ') })) },
);

/** The hits after some steps, as SRCH-12 says that they are to be applied. */
function applied(hits: readonly SearchHit<Note>[], deltas: readonly SearchDelta<Note>[]): SearchHit<Note>[] {
  const now = [...hits];
  for (const delta of deltas) {
    const at = now.findIndex(({ key }) => key === delta.key);
    expect(at >= 0).toBe(delta.type !== 'ENTER');
    if (at >= 0) now.splice(at, 1);
    if (delta.type !== 'LEAVE') now.splice(delta.index, 0, delta.hit);
  }
  return now;
}

describe('a live search', () => {
  it('[SRCH-12] always shows what a fresh search finds, and its deltas lead there', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        (steps, filters, limit) => {
          const world = new FakeWorld();
          const realm = world.started();
          realm.engine.openMap('notes', 'LWW');
          world.settle();
          const options = {
            textIndex: miniSearchIndex,
            query: 'wine',
            fields: { title: 1 },
            prefix: 'last' as const,
            limit,
            ...(filters && { where: { n: { $gte: 1 } } }),
          };
          const live = search<Note>(clientOn(realm), 'notes', options);
          let { query } = options;
          let shown: SearchHit<Note>[] = [];
          live.onChanges((deltas) => {
            shown = applied(shown, deltas);
          });
          for (const one of steps) {
            if (one === 'tick') world.settle();
            else if ('query' in one) {
              query = one.query;
              live.setQuery(query);
            } else if (one.value) realm.engine.put('notes', one.key, one.value);
            else realm.engine.remove('notes', one.key);
            // A client of its own, so that the index is built anew.
            const fresh = search<Note>(clientOn(realm), 'notes', { ...options, query });
            expect(live.getResults()).toEqual(fresh.getResults());
            if (one === 'tick') expect(shown).toEqual(live.getResults());
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
