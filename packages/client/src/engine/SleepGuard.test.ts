import { describe, expect, it } from 'vitest';
import { FakeStore, FakeWorld } from './testing/FakeWorld.js';

/** A leader whose follower pings it. */
const pair = () => {
  const world = new FakeWorld();
  const store = new FakeStore();
  const leader = world.started(store);
  const follower = world.started(store);
  for (const realm of [leader, follower]) realm.engine.openMap('m', 'LWW');
  world.settle();
  return { world, leader, follower };
};

describe('a leader that may have slept', () => {
  it('[TX-3] [B2] shows nothing of what waited in its socket when another took its place', () => {
    const { world, leader, follower } = pair();
    world.advance(2_000);
    const before = leader.events.length;
    // It sleeps, and what it hears first when it wakes is the server.
    world.timeMs += 2_000;
    world.server.put('m', 'k', 'not known to the next leader', (world.timeMs + 1000) * 2048);
    world.settle();
    expect(leader.engine.get('m', 'k')).toBeUndefined();
    world.isServerUp = false;
    leader.engine.lockLost();
    world.advance(1_000);
    expect(leader.engine.get('m', 'k')).toBeUndefined();
    expect(leader.events.slice(before).some(({ type }) => type === 'changes')).toBe(false);
    world.healNetwork();
    for (const { engine } of [leader, follower])
      expect(engine.get('m', 'k')).toBe('not known to the next leader');
  });

  it('[TX-3] takes in what the server says, a little later once, when its followers are gone', () => {
    const { world, leader, follower } = pair();
    world.advance(2_000);
    follower.engine.visible(false);
    world.advance(1_500);
    for (const [nth, value] of ['first', 'second'].entries()) {
      world.server.put('m', 'k', value, (world.timeMs + 1000 + nth) * 2048);
      world.settle();
    }
    expect(leader.engine.get('m', 'k')).toBeUndefined();
    world.advance(50);
    expect(leader.engine.get('m', 'k')).toBe('second');
    world.server.put('m', 'k', 'third', (world.timeMs + 2000) * 2048);
    world.settle();
    expect(leader.engine.get('m', 'k')).toBe('third');
  });
});
