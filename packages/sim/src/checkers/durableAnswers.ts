import type { SimValue } from '../workload/Ledger.js';
import { MAPS } from '../workload/maps.js';
import type { Checker } from './Checker.js';

/** D1 at the moment of the answer: what is answered as applied is on disk, or was when the answer left. */
export const durableAnswers: Checker = {
  watch: (world) => ({
    event(realm, event) {
      // A write that memory alone keeps says so (SRV-10).
      if (event.type !== 'settled' || event.outcome !== 'applied' || event.code === 'VOLATILE_MAP') return;
      if (world.store.wasDurable(realm.session, event.seq)) return;
      world.fail(
        `D1: ${realm.device.name} was told that op ${event.seq} of ${realm.session} is applied, but no commit holds it`,
      );
    },
  }),
};

/** SRV-1: what a device shows of others is on disk. */
export const shownIsDurable: Checker = {
  watch: (world) => ({
    event(realm, event) {
      if (event.type !== 'changes') return;
      for (const key of event.keysByMap.get(MAPS.todos) ?? []) {
        const value = realm.engine.get(MAPS.todos, key) as SimValue | undefined;
        if (value === undefined || world.store.values.has(value.id)) continue;
        if (world.ledger.writerOf(value.id) === realm.device) continue;
        world.fail(
          `SRV-1: ${realm.device.name} shows ${value.id} of another device at todos/${key}, which no commit holds`,
        );
      }
    },
  }),
};
