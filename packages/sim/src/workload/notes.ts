import type { Action } from './Action.js';
import type { SimValue } from './Ledger.js';
import { NOTES, QUESTIONS } from './maps.js';

export const putNote: Action = {
  name: 'put note',
  weight: 9,
  run(user) {
    const key = user.key();
    const value = user.value();
    const seq = user.engine.put(NOTES, key, value);
    user.wrote({ kind: 'put', map: NOTES, key, seq, id: value.id });
    const seen = user.engine.get(NOTES, key) as SimValue | undefined;
    user.mustRead(seen?.id === value.id, () => `wrote ${value.id} at notes/${key} and reads ${seen?.id}`);
  },
};

export const removeNote: Action = {
  name: 'remove note',
  weight: 2,
  run(user) {
    const key = user.key();
    const seq = user.engine.remove(NOTES, key);
    user.wrote({ kind: 'remove', map: NOTES, key, seq });
  },
};

export const askQuestion: Action = {
  name: 'open or close a query',
  weight: 4,
  run: (user) => user.realm.ask(user.rng.int(0, QUESTIONS.length - 1)),
};
