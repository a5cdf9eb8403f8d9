import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

const T = 1_600_000_000_000 * 2048;

const damage = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('drop' as const), at: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('value' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('offset' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stamp' as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('add' as const), at: fc.nat() }) },
);

describe('Merkle walk', () => {
  it('[RES-5] repairs any damage of the stored base, for each kind of map', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('LWW' as const, 'OR' as const, 'PN' as const),
        fc.integer({ min: 0, max: 400 }),
        fc.array(damage, { maxLength: 30 }),
        (kind, rows, faults) => {
          const world = new FakeWorld();
          for (let i = 0; i < rows; i++) {
            if (kind === 'PN') world.server.addToCounter('m', `k${i}`, i + 1);
            else
              world.server.put(
                'm',
                `k${i % 97}x${kind === 'LWW' ? i : ''}`,
                i,
                T + i,
                'n',
                kind === 'OR' ? `c:s:${i}` : undefined,
              );
          }
          const store = new FakeStore();
          const first = world.started(store);
          first.engine.openMap('m', kind);
          world.settle();
          expect(first.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
          first.kill();
          for (const fault of faults) {
            const base = store.table('base');
            const found = base[fault.at % Math.max(1, base.length)];
            if (!found) continue;
            const [key, row] = found as [string[], unknown[]];
            const changed = [...row];
            if (fault.kind === 'value') changed[6] = kind === 'PN' ? [fault.at, 1] : 'damaged';
            if (fault.kind === 'offset') changed[3] = 1_000_000;
            if (fault.kind === 'stamp') changed[4] = (row[4] as number) + 1;
            if (fault.kind === 'drop') store.rows.delete(key.join('\0'));
            else if (fault.kind !== 'add') store.rows.set(key.join('\0'), [key, changed]);
            else if (kind !== 'OR') {
              changed[1] = `added ${fault.at}`;
              store.rows.set(['base', 'm', changed[1]].join('\0'), [
                ['base', 'm', changed[1] as string],
                changed,
              ]);
            }
          }
          const second = world.started(store);
          second.engine.openMap('m', kind);
          world.advance(5000);
          expect(second.engine.isSynced('m')).toBe(true);
          expect(second.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
          second.kill();
          const third = world.started(store);
          third.engine.openMap('m', kind);
          expect(third.engine.liveRoot('m')).toBe(world.server.tree('m').rootHash());
        },
      ),
      { numRuns: 40 },
    );
  });

  it('[RES-5] converges while several devices write, drop off and come back', () => {
    const step = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom(
        'put',
        'remove',
        'add',
        'inc',
        'cut',
        'settle',
        'reload',
        'noAnswers',
        'freeze',
        'txFails',
      ),
      key: fc.nat(4),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const world = new FakeWorld();
        const stores = [new FakeStore(), new FakeStore()];
        const open = (store: FakeStore) => {
          const realm = world.started(store);
          realm.engine.openMap('lww', 'LWW');
          realm.engine.openMap('or', 'OR');
          realm.engine.openMap('pn', 'PN');
          return realm;
        };
        // Two realms on the first store, one on the second.
        const realms = [
          open(stores[0] as FakeStore),
          open(stores[0] as FakeStore),
          open(stores[1] as FakeStore),
        ];
        let sum = 0;
        for (const [i, { who, what, key }] of steps.entries()) {
          const realm = realms[who] as (typeof realms)[number];
          const name = `k${key}`;
          if (what === 'put') {
            realm.engine.put('lww', name, i);
            expect(realm.engine.get('lww', name)).toBe(i);
          } else if (what === 'remove') {
            realm.engine.remove('lww', name);
            expect(realm.engine.has('lww', name)).toBe(false);
          } else if (what === 'add') realm.engine.orAdd('or', name, i % 3);
          else if (what === 'inc') {
            const before = realm.engine.counterValue('pn');
            realm.engine.increment('pn', key + 1);
            sum += key + 1;
            expect(realm.engine.counterValue('pn')).toBe(before + key + 1);
          } else if (what === 'cut') realm.drop(1006);
          else if (what === 'noAnswers') world.server.dropAnswers = !world.server.dropAnswers;
          else if (what === 'settle') world.advance(key * 1000);
          else if (what === 'freeze') realm.isFrozen ? realm.thaw() : realm.freeze();
          else if (what === 'txFails') realm.storeError = realm.storeError ? undefined : new Error('full');
          else {
            realm.thaw();
            realm.storeError = undefined;
            world.advance(15_000);
            realm.kill();
            realms[who] = open(realm.store);
          }
        }
        world.server.dropAnswers = false;
        for (const realm of realms) {
          realm.storeError = undefined;
          realm.thaw();
        }
        world.advance(120_000);
        for (const realm of realms) {
          expect(realm.engine.pendingOps()).toBe(0);
          expect(realm.engine.state()).toBe('CONNECTED');
          expect(realm.engine.counterValue('pn')).toBe(sum);
          for (const map of ['lww', 'or', 'pn']) {
            expect(realm.engine.liveRoot(map)).toBe(world.server.tree(map).rootHash());
          }
        }
        expect([...world.server.effects.values()].every((effects) => effects === 1)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
