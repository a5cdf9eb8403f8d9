import type { Action, User } from './Action.js';
import type { SimValue } from './Ledger.js';
import { MAPS } from './maps.js';

/** Writes a todo, which the writer must read at once; returns its seq. */
export function writeTodo(user: User): number {
  const key = user.key();
  const value = user.value();
  const seq = user.engine.put(MAPS.todos, key, value);
  user.wrote({ kind: 'put', map: MAPS.todos, key, seq, id: value.id });
  const seen = user.engine.get(MAPS.todos, key) as SimValue | undefined;
  user.mustRead(seen?.id === value.id, () => `wrote ${value.id} at todos/${key} and reads ${seen?.id}`);
  return seq;
}

export const putTodo: Action = { name: 'put todo', weight: 40, run: (user) => void writeTodo(user) };

export const removeTodo: Action = {
  name: 'remove todo',
  weight: 8,
  run(user) {
    const key = user.key();
    const seq = user.engine.remove(MAPS.todos, key);
    user.wrote({ kind: 'remove', map: MAPS.todos, key, seq });
    user.mustRead(!user.engine.has(MAPS.todos, key), () => `removed todos/${key} and still sees it`);
  },
};
