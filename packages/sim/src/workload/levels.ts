import { UnsentWrites } from '@topgun/client/internal/backpressure/dropUnsent';
import type { Reach } from '@topgun/client/internal/engine/PendingOp';
import type { Action } from './Action.js';
import { writeTag } from './tags.js';
import { writeTodo } from './todos.js';

/** A todo whose writer waits for less than the server's disk, so that frames of several concerns mix. */
export const putAndWait: Action = {
  name: 'put and wait',
  weight: 10,
  run: (user) => user.engine.ask(writeTodo(user), user.rng.int(1, 3) as Reach),
};

export const addTagAndWait: Action = {
  name: 'add tag and wait',
  weight: 6,
  run: (user) => user.engine.ask(writeTag(user), user.rng.int(1, 3) as Reach),
};

/** What back-pressure does with `drop-oldest` when there are too many. */
export const dropOldest: Action = {
  name: 'drop oldest',
  weight: 4,
  run(user) {
    new UnsentWrites(user.engine.realm).dropOldest();
  },
};
