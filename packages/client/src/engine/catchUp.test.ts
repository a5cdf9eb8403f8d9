import { describe, expect, it } from 'vitest';
import { FakeWorld } from './testing/FakeWorld.js';

describe('maps that catch up', () => {
  it('[RES-6] shows in all maps at once when they catch up, however long each of them takes', () => {
    const world = new FakeWorld();
    const a = world.started();
    for (const map of ['p', 'q']) a.engine.openMap(map, 'LWW');
    const shown = (): unknown[] => ['p', 'q'].map((map) => a.engine.get(map, '{likes}k'));
    for (let i = 0; i < 400; i++) world.server.put('q', `row${i}`, i, 1);
    world.server.put('p', '{likes}k', 'old', 1);
    world.server.put('q', '{likes}k', 'old', 1);
    world.settle();
    world.cutNetwork();
    for (let i = 0; i < 400; i += 3) world.server.put('q', `row${i}`, -i, 2);
    world.server.put('p', '{likes}k', 'new', 2);
    world.server.put('q', '{likes}k', 'new', 2);
    const seen = new Set<string>();
    a.onEvent = () => seen.add(JSON.stringify(shown()));
    world.healNetwork();
    expect(shown()).toEqual(['new', 'new']);
    expect([...seen].sort()).toEqual(['["new","new"]', '["old","old"]']);
  });

  it('[RES-6] does not keep a small map waiting for the first load of a large one', () => {
    const world = new FakeWorld();
    const a = world.started();
    world.server.sync.pageNodes = 100;
    for (let i = 0; i < 400; i++) world.server.put('q', `row${i}`, i, 1);
    world.server.put('p', '{likes}k', 'here', 1);
    for (const map of ['p', 'q']) a.engine.openMap(map, 'LWW');
    let isFirst = true;
    a.onEvent = () => {
      if (isFirst && a.engine.has('p', '{likes}k')) {
        isFirst = false;
        expect(a.engine.isSynced('q')).toBe(false);
      }
    };
    world.settle();
    expect(isFirst).toBe(false);
  });
});
