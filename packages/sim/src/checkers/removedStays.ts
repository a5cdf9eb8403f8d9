import type { SimValue } from '../workload/Ledger.js';
import { MAPS } from '../workload/maps.js';
import type { SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';

/**
 * B2 and DEV-4: once a tab was told that its removal is applied, it shows nothing older under that key, in no turn, however late the older
 * row comes. A value's age is the stamp under which the server's disk knows it. Not judged: rights that hide rows for a while, and a server
 * that has lost time.
 */
export const removedStays: Checker = {
  watch(world) {
    const stamps = new Map<number, number>();
    const removed = new Map<SimRealm, Map<string, number>>();
    return {
      committed(batch) {
        for (const { records } of batch.slices)
          for (const { map, value, t } of records)
            if (map === MAPS.todos && value !== undefined) stamps.set((value as SimValue).id, t);
      },
      event(realm, event) {
        if (world.store.rollbacks > 0 || world.counts.has('fault policy change')) return;
        if (world.mayLag(realm.device)) return void removed.delete(realm);
        if (event.type === 'settled' && event.outcome === 'applied') {
          const write = world.ledger.bySeq(realm.session, event.seq);
          const made = world.store.outcomeOf(realm.session, event.seq);
          if (write?.kind !== 'remove' || write.map !== MAPS.todos || made === undefined) return;
          const keys = removed.get(realm) ?? new Map<string, number>();
          removed.set(realm, keys);
          keys.set(write.key, Math.max(made.t, keys.get(write.key) ?? 0));
        }
        if (event.type !== 'changes') return;
        for (const key of event.keysByMap.get(MAPS.todos) ?? []) {
          const value = realm.engine.get(MAPS.todos, key) as SimValue | undefined;
          const stamp = value && stamps.get(value.id);
          if (value === undefined || stamp === undefined) continue;
          if (stamp < (removed.get(realm)?.get(key) ?? 0))
            world.fail(
              `B2: ${realm.device.name} shows ${value.id} at todos/${key}, which it had removed for good`,
            );
        }
      },
    };
  },
};
