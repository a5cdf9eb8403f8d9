import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key, ttlMs: fc.option(fc.integer({ min: 1, max: 3000 })) }),
  fc.record({ do: fc.constant('remove' as const), key }),
  fc.record({ do: fc.constant('theirs' as const), key, isGone: fc.boolean() }),
  fc.record({ do: fc.constant('add' as const), key, ttlMs: fc.option(fc.integer({ min: 1, max: 3000 })) }),
  fc.record({ do: fc.constant('take' as const), key }),
  fc.record({ do: fc.constant('count' as const) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2000 }) }),
  fc.record({ do: fc.constant('look' as const) }),
);

describe('entries', () => {
  it('[DEV-1 B9] kept from one look to the next show what reading every key shows', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, isOnline) => {
        const world = new FakeWorld();
        world.isServerUp = isOnline;
        const { engine } = world.started(new FakeStore());
        engine.openMap('m', 'LWW');
        engine.openMap('tags', 'OR');
        engine.openMap('likes', 'PN');
        world.settle();
        const look = (): void => {
          const keys = ['a', 'b', 'c', 'd'];
          const values = keys.filter((key) => engine.has('m', key)).map((key) => [key, engine.get('m', key)]);
          const sets = keys
            .filter((key) => engine.has('tags', key))
            .map((key) => [key, engine.orGet('tags', key)]);
          const sorted = (map: string) => [...engine.entries(map)].sort(([a], [b]) => (a < b ? -1 : 1));
          expect(sorted('m')).toEqual(values);
          expect(sorted('tags')).toEqual(sets);
          expect(engine.entries('likes').map(([, count]) => count)).toEqual(
            engine.counterValue('likes') === 0 ? [] : [engine.counterValue('likes')],
          );
          expect(engine.entries('m')).toBe(engine.entries('m'));
        };
        for (const [i, one] of steps.entries()) {
          if (one.do === 'put') engine.put('m', one.key, i, one.ttlMs ?? undefined);
          else if (one.do === 'remove') engine.remove('m', one.key);
          else if (one.do === 'theirs')
            world.server.put('m', one.key, one.isGone ? undefined : `s${i}`, world.timeMs * 2048 + i);
          else if (one.do === 'add') engine.orAdd('tags', one.key, i, one.ttlMs ?? undefined);
          else if (one.do === 'take') {
            const first = engine.orGet('tags', one.key)[0];
            if (first) engine.orRemove('tags', one.key, first.value);
          } else if (one.do === 'count') engine.increment('likes', 1);
          else if (one.do === 'wait') world.advance(one.ms);
          else look();
        }
        look();
        world.advance(5000);
        look();
      }),
      { numRuns: 200 },
    );
  });
});
