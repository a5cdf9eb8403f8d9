import type { Action } from './Action.js';
import { RELIC_KEYS, RELICS } from './maps.js';

/** Writes or removes a record that may come from the future, and then wins against that until it is repaired. */
export const putRelic: Action = {
  name: 'put relic',
  weight: 5,
  run(user) {
    const key = user.rng.pick(RELIC_KEYS);
    if (user.rng.chance(0.2)) {
      user.wrote({ kind: 'relic', map: RELICS, key, seq: user.engine.remove(RELICS, key) });
      return;
    }
    const value = user.value();
    const seq = user.engine.put(RELICS, key, value);
    user.wrote({ kind: 'relic', map: RELICS, key, seq, id: value.id });
  },
};
