import type { Action } from './Action.js';
import type { SimValue } from './Ledger.js';
import { CURSORS } from './maps.js';

export const moveCursor: Action = {
  name: 'move cursor',
  weight: 3,
  run(user) {
    const key = `c${user.rng.int(0, 5)}`;
    if (user.rng.chance(0.2)) {
      user.engine.remove(CURSORS, key);
      user.mustRead(!user.engine.has(CURSORS, key), () => `removed cursors/${key} and reads it`);
      return;
    }
    const value = user.value();
    user.engine.put(CURSORS, key, value);
    const seen = user.engine.get(CURSORS, key) as SimValue | undefined;
    user.mustRead(seen?.id === value.id, () => `wrote ${value.id} at cursors/${key} and reads ${seen?.id}`);
  },
};
