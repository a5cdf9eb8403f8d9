import { UnsentWrites } from '@topgun/client/internal/backpressure/dropUnsent';
import type { Reach } from '@topgun/client/internal/engine/PendingOp';
import type { Action } from './Action.js';
import { MAPS } from './maps.js';

/** A todo whose writer waits for less than the server's disk, so that frames of several concerns mix. */
export const putAndWait: Action = {
  name: 'put and wait',
  weight: 10,
  run(user) {
    const key = user.key();
    const value = user.value();
    const seq = user.engine.put(MAPS.todos, key, value);
    user.engine.ask(seq, user.rng.int(1, 3) as Reach);
    user.wrote({ kind: 'put', map: MAPS.todos, key, seq, id: value.id });
  },
};

export const addTagAndWait: Action = {
  name: 'add tag and wait',
  weight: 6,
  run(user) {
    const key = user.key();
    const value = user.value();
    const seq = user.engine.orAdd(MAPS.tags, key, value);
    user.engine.ask(seq, user.rng.int(1, 3) as Reach);
    user.wrote({ kind: 'add', map: MAPS.tags, key, seq, id: value.id });
  },
};

/** What back-pressure does with `drop-oldest` when there are too many. */
export const dropOldest: Action = {
  name: 'drop oldest',
  weight: 4,
  run(user) {
    new UnsentWrites(user.engine.realm).dropOldest();
  },
};
