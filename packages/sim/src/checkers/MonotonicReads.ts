import { OPEN_POLICIES } from '../faults.js';
import type { SimValue } from '../Ledger.js';
import { MAPS } from '../maps.js';
import type { World } from '../World.js';
import type { SimRealm } from '../world/SimRealm.js';

/**
 * B2: once a realm has shown a value of a key, it never shows an older one. Looks at all realms now and then; a value's age is the stamp
 * under which the server's disk knows it, so values not yet on disk are passed over. While policies hide rows, an own write that waits for its
 * answer may rightly show through in the place of a newer row that became invisible; what was shown then is not held against a realm.
 */
export class MonotonicReads {
  readonly #world: World;
  readonly #shown = new Map<SimRealm, Map<string, number>>();
  readonly #stamps = new Map<number, number>();

  constructor(world: World) {
    this.#world = world;
    const look = (): void => {
      this.check();
      if (world.scheduler.nowMs < 400_000) world.scheduler.after(500, look);
    };
    world.scheduler.after(500, look);
  }

  check(): void {
    for (const record of this.#world.store.records.values()) {
      const value = record.value as Partial<SimValue> | undefined;
      if (record.map === MAPS.todos && value?.id !== undefined) this.#stamps.set(value.id, record.t);
    }
    if (this.#world.policies() !== OPEN_POLICIES) this.#shown.clear();
    else for (const realm of this.#world.realms()) this.#look(realm);
  }

  #look(realm: SimRealm): void {
    const seen = this.#shown.get(realm) ?? new Map<string, number>();
    this.#shown.set(realm, seen);
    for (const [key, value] of realm.engine.entries(MAPS.todos)) {
      const stamp = this.#stamps.get((value as SimValue).id);
      if (stamp === undefined) continue;
      const before = seen.get(key);
      if (before !== undefined && stamp < before) {
        this.#world.fail(
          `B2: ${realm.device.name} showed todos/${key} at stamp ${before} and now at ${stamp}`,
        );
      }
      seen.set(key, stamp);
    }
  }
}
