import type { SimValue } from '../workload/Ledger.js';
import { MAPS } from '../workload/maps.js';
import { OPEN_POLICIES } from '../world/policies.js';
import type { SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';
import { NeverOlder } from './laws/NeverOlder.js';

/**
 * B2: once a realm has shown a value of a key, it never shows an older one. Looks at all realms now and then; a value's age is the stamp
 * under which the server's disk knows it, so values not yet on disk are passed over. While policies hide rows, an own write that waits for its
 * answer may rightly show through in the place of a newer row that became invisible; what was shown then is not held against a realm.
 * A server that has lost time has nothing newer to show than what it still knows, until the makers have sent theirs again.
 */
export const monotonicReads: Checker = {
  watch(world) {
    const stamps = new Map<number, number>();
    const shown = new NeverOlder<SimRealm>();
    const lookAt = (realm: SimRealm): void => {
      if (world.mayLag(realm.device)) return shown.forget(realm);
      for (const [key, value] of realm.engine.entries(MAPS.todos)) {
        const stamp = stamps.get((value as SimValue).id);
        if (stamp === undefined) continue;
        const before = shown.saw(realm, key, stamp);
        if (before !== undefined)
          world.fail(`B2: ${realm.device.name} showed todos/${key} at stamp ${before} and now at ${stamp}`);
      }
    };
    return {
      look() {
        if (world.store.rollbacks > 0) return;
        for (const record of world.store.records.values()) {
          const value = record.value as Partial<SimValue> | undefined;
          if (record.map === MAPS.todos && value?.id !== undefined) stamps.set(value.id, record.t);
        }
        if (world.policies() !== OPEN_POLICIES) shown.forget();
        else for (const realm of world.realms()) lookAt(realm);
      },
    };
  },
};
