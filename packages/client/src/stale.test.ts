import { describe, expect, it } from 'vitest';
import { setContext } from './clientContext.js';
import { FakeStore, FakeWorld } from './engine/testing/FakeWorld.js';
import type { HandleContext } from './handles/HandleContext.js';
import { WriteTracker } from './handles/WriteTracker.js';
import { discardStale, reissueStale, setStalePolicy, staleWrites } from './stale.js';
import type { TopGunClient } from './TopGunClient.js';

describe('the list of stale writes', () => {
  it('[GC-3] an app sets the policy of a map, looks at what waits, writes again and discards', () => {
    const world = new FakeWorld();
    const { engine } = world.started(new FakeStore());
    const client = {} as TopGunClient;
    const writes = new WriteTracker(engine, async () => undefined);
    setContext(client, { engine, writable: () => engine, writes } as unknown as HandleContext);
    setStalePolicy(client, 'm', 'ask');
    engine.openMap('m', 'LWW');
    world.settle();
    world.server.refuse = () => 'STALE_OP';
    engine.put('m', 'a', 1, 90_000);
    engine.put('m', 'b', 2);
    world.settle();
    const [a, b] = staleWrites(client);
    expect([a, b]).toMatchObject([
      { map: 'm', key: 'a', op: 'PUT', payload: 1, ttlMs: 90_000, code: 'STALE_OP' },
      { key: 'b' },
    ]);
    world.server.refuse = () => undefined;
    expect(reissueStale(client, a?.id ?? '')?.state.name).toBe('local');
    discardStale(client, b?.id ?? '');
    expect(reissueStale(client, b?.id ?? '')).toBeUndefined();
    world.settle();
    expect(staleWrites(client)).toEqual([]);
    expect(engine.entries('m')).toEqual([['a', 1]]);
    expect(world.server.rows.get('m')?.get('a')?.ttlMs).toBe(90_000);
  });
});
