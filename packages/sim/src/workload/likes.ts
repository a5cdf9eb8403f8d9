import type { Action } from './Action.js';
import { MAPS } from './maps.js';

export const likeOrUnlike: Action = {
  name: 'like or unlike',
  weight: 13,
  run(user) {
    const before = user.engine.counterValue(MAPS.likes);
    const delta = user.rng.chance(0.7) ? user.rng.int(1, 9) : -user.rng.int(1, 9);
    const seq = user.engine.increment(MAPS.likes, delta);
    user.wrote({ kind: 'increment', map: MAPS.likes, key: MAPS.likes, seq, id: delta });
    const after = user.engine.counterValue(MAPS.likes);
    user.mustRead(after === before + delta, () => `added ${delta} to ${before} and reads ${after}`);
  },
};
