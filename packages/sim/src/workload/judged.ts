import type { Action, User } from './Action.js';
import { JUDGED } from './maps.js';

const KEYS = ['a', 'b', '__proto__', 'c{tag}'];

/** Writes a value that is judged, and must read it: a pending write lies on top whatever the stamps (DEV-1). */
function write(user: User, map: string, id: number, value: unknown): void {
  const key = user.rng.pick(KEYS);
  const seq = user.engine.put(map, key, value);
  user.wrote({ kind: 'judged', map, key, seq, id });
  const seen = JSON.stringify(user.engine.get(map, key));
  user.mustRead(
    seen === JSON.stringify(value),
    () => `wrote ${JSON.stringify(value)} at ${map}/${key} and reads ${seen}`,
  );
}

/** A number of its own, sometimes a negative one, which is refused. */
export const setStock: Action = {
  name: 'set stock',
  weight: 5,
  run(user) {
    const { id } = user.value();
    write(user, JUDGED.stock, id, user.rng.chance(0.3) ? -id : id);
  },
};

/** One more element of an array to which everybody adds; sometimes no array, which is refused. */
export const join: Action = {
  name: 'join',
  weight: 6,
  run(user) {
    const { id } = user.value();
    write(user, JUDGED.joined, id, user.rng.chance(0.2) ? id : [id]);
  },
};

/** An amount that goes onto a sum, or is taken from it. */
export const addUp: Action = {
  name: 'add up',
  weight: 6,
  run(user) {
    const amount = user.rng.chance(0.7) ? user.rng.int(1, 9) : -user.rng.int(1, 9);
    write(user, JUDGED.sums, amount, amount);
  },
};
