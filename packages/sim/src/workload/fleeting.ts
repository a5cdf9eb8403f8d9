import { isExpired } from '@topgun/core';
import type { Action } from './Action.js';
import type { SimValue } from './Ledger.js';
import { FLEETING } from './maps.js';

export const putFleeting: Action = {
  name: 'put fleeting',
  weight: 3,
  run(user) {
    const key = `f${user.rng.int(0, 5)}`;
    const value = user.value();
    user.engine.put(FLEETING, key, value, user.rng.int(500, 8000));
    const seen = user.engine.get(FLEETING, key) as SimValue | undefined;
    user.mustRead(seen?.id === value.id, () => `wrote ${value.id} at fleeting/${key} and reads ${seen?.id}`);
  },
};

/** Whether the time of a record is over, give or take what clocks may differ by; undefined when that decides. */
export function isOver(t: number, ttlMs: number | undefined, nowMs: number): boolean | undefined {
  const late = isExpired(t, ttlMs, nowMs - 2000);
  return late === isExpired(t, ttlMs, nowMs + 2000) ? late : undefined;
}
