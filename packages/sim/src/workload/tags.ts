import type { SimRealm } from '../world/SimRealm.js';
import type { Action, User } from './Action.js';
import type { SimValue } from './Ledger.js';
import { MAPS } from './maps.js';

/** Adds a tag, which the writer must see at once; returns its seq. */
export function writeTag(user: User): number {
  const key = user.key();
  const value = user.value();
  const seq = user.engine.orAdd(MAPS.tags, key, value);
  user.wrote({ kind: 'add', map: MAPS.tags, key, seq, id: value.id });
  user.mustRead(
    idsAt(user.realm, key).includes(value.id),
    () => `added ${value.id} at tags/${key} and does not see it`,
  );
  return seq;
}

export const addTag: Action = { name: 'add tag', weight: 15, run: (user) => void writeTag(user) };

export const takeTag: Action = {
  name: 'take tag',
  weight: 8,
  run(user) {
    const key = user.key();
    const elements = user.engine.orGet(MAPS.tags, key);
    if (elements.length === 0) return;
    const taken = user.rng.pick(elements).value as SimValue;
    const seq = user.engine.orRemove(MAPS.tags, key, taken);
    user.wrote({ kind: 'take', map: MAPS.tags, key, seq, takes: [taken.id] });
    user.mustRead(
      !idsAt(user.realm, key).includes(taken.id),
      () => `took ${taken.id} from tags/${key} and still sees it`,
    );
  },
};

/** Ids of the elements a realm sees at a key of `tags`. */
function idsAt(realm: SimRealm, key: string): number[] {
  return realm.engine.orGet(MAPS.tags, key).map((element) => (element.value as SimValue).id);
}
