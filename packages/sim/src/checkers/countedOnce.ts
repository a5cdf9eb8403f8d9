import type { World } from '../World.js';
import { MAPS } from '../workload/maps.js';
import type { SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';

/**
 * DEV-5: in no turn does a tab count an increment twice, in the counter's row that the server sent and as one that still waits for its
 * answer. A server that has lost time says less than its rows did.
 */
export const countedOnce: Checker = {
  watch(world) {
    const lookAt = (realm: SimRealm): void => {
      if (world.store.rollbacks === 0) checkCounter(world, realm);
    };
    return {
      event(realm, event) {
        if (event.type === 'changes' && event.keysByMap.has(MAPS.likes)) lookAt(realm);
      },
      look() {
        for (const realm of world.realms()) lookAt(realm);
      },
    };
  },
};

function checkCounter(world: World, { engine, device }: SimRealm): void {
  // biome-ignore lint/complexity/useLiteralKeys: a protected part, which only this spelling reaches
  const counter = engine['realm'].replica.maps.get(MAPS.likes);
  const row = counter?.base.get(MAPS.likes);
  if (row === undefined) return;
  for (const { session, seq, value } of counter?.overlay.of(MAPS.likes) ?? []) {
    const made = world.store.outcomeOf(session, seq);
    if (made?.outcome !== 0) continue;
    if (made.epoch > row.epoch || (made.epoch === row.epoch && made.n > row.n)) continue;
    world.fail(`DEV-5: ${device.name} counts ${String(value)} of op ${seq} of ${session} twice`);
  }
}
