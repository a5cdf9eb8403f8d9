import { describe, expect, it } from 'vitest';
import { type FakeRealm, FakeStore, FakeWorld } from '../engine/testing/FakeWorld.js';
import { ENGINE } from '../engineOf.js';
import type { TopGunClient } from '../TopGunClient.js';
import { type PendingPage, pendingOps } from './pendingOps.js';

/** Of a client the listing sees the engine alone. */
const clientOf = ({ engine }: FakeRealm): TopGunClient => ({ [ENGINE]: engine }) as unknown as TopGunClient;

function pages(realm: FakeRealm, limit: number): PendingPage[] {
  const found = [pendingOps(clientOf(realm), { limit })];
  for (let after = found[0]?.next; after !== undefined; after = found.at(-1)?.next)
    found.push(pendingOps(clientOf(realm), { limit, after }));
  return found;
}

describe('pendingOps', () => {
  it('[B9] lists what waits: map, key, kind, state, age and size', () => {
    const world = new FakeWorld();
    const realm = world.started();
    realm.held.add('server');
    realm.engine.put('m', 'sent', { text: 'x'.repeat(100) });
    world.settle();
    world.advance(2000);
    realm.held.add('tx');
    realm.engine.orAdd('tags', 'local', 1);
    const { writes, next } = pendingOps(clientOf(realm));
    expect(next).toBeUndefined();
    expect(writes).toMatchObject([
      { map: 'm', key: 'sent', op: 'PUT', state: 'sent', id: expect.stringMatching(/:1$/) },
      { map: 'tags', key: 'local', op: 'OR_ADD', state: 'local', ageMs: 0 },
    ]);
    expect(writes[0]?.ageMs).toBeGreaterThanOrEqual(1900);
    expect(writes[0]?.bytes).toBeGreaterThan(100);
    expect(writes[0]?.bytes).toBeLessThan(300);
  });

  it('[B9] goes through the ops of all tabs and of realms that are gone, each once, page by page', () => {
    const world = new FakeWorld();
    const store = new FakeStore();
    world.isServerUp = false;
    const gone = world.started(store);
    for (let i = 0; i < 5; i++) gone.engine.put('m', `gone-${i}`, i);
    world.settle();
    gone.kill();
    const other = world.started(store);
    const realm = world.started(store);
    for (let i = 0; i < 7; i++) {
      other.engine.put('m', `other-${i}`, i);
      realm.engine.put('m', `own-${i}`, i);
    }
    world.settle();
    for (const limit of [1, 4, 7, 19, 100]) {
      const keys = pages(realm, limit).flatMap(({ writes }) => writes.map(({ key }) => key));
      expect(keys).toHaveLength(19);
      expect(new Set(keys).size).toBe(19);
      expect(keys.filter((key) => key.startsWith('own'))).toEqual(
        [0, 1, 2, 3, 4, 5, 6].map((i) => `own-${i}`),
      );
    }
    expect(pages(realm, 19)).toHaveLength(1);
  });

  it('[B9] a page holds no more than 1,000 writes, whatever is asked', () => {
    const world = new FakeWorld();
    const realm = world.started(new FakeStore(), { server: false });
    for (let i = 0; i < 1500; i++) realm.engine.put('m', `k${i}`, i);
    expect(pages(realm, 1e9).map(({ writes }) => writes.length)).toEqual([1000, 500]);
    expect(pendingOps(clientOf(realm), { limit: 0 }).writes).toHaveLength(1);
  });
});
