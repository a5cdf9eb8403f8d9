import { OP } from '@topgun/protocol';
import type { Action } from './Action.js';
import type { SimValue } from './Ledger.js';
import { ASKED_PAIRS, MAPS, PAIR_KEYS, PAIRS } from './maps.js';

/** One transaction: the same new value under one or more keys of both maps, and mostly a step of the counter. */
export const writePairs: Action = {
  name: 'write pairs',
  weight: 12,
  run(user) {
    const { engine, rng } = user;
    const value = user.value();
    const keys = PAIR_KEYS.filter(() => rng.chance(0.4));
    if (keys.length === 0) keys.push(rng.pick(PAIR_KEYS));
    const adds = rng.chance(0.7) ? rng.int(1, 9) : 0;
    const before = engine.counterValue(MAPS.likes);
    const puts = keys.flatMap((key) =>
      Object.values(PAIRS).map((map) => ({ op: OP.PUT, map, key, value, ttlMs: undefined })),
    );
    const step = { op: OP.INCREMENT, map: MAPS.likes, key: MAPS.likes, value: adds, ttlMs: undefined };
    const seq = engine.transact(adds === 0 ? puts : [...puts, step]);
    user.wrote({ kind: 'transaction', map: PAIRS.left, key: keys[0] as string, seq, id: value.id, adds });
    for (const [i, map] of Object.values(PAIRS).entries()) {
      const seen = engine.get(map, keys[0] as string) as SimValue | undefined;
      user.mustRead(seen?.id === value.id, () => `wrote pair ${value.id} and reads ${seen?.id} on side ${i}`);
    }
    const after = engine.counterValue(MAPS.likes);
    user.mustRead(
      after === before + adds,
      () => `added ${adds} to ${before} in a transaction and reads ${after}`,
    );
  },
};

/** One transaction: the same new value under one or more keys of two maps that only queries follow. */
export const writeAskedPairs: Action = {
  name: 'write asked pairs',
  weight: 8,
  run(user) {
    const { engine, rng } = user;
    const value = user.value();
    const keys = PAIR_KEYS.filter(() => rng.chance(0.4));
    if (keys.length === 0) keys.push(rng.pick(PAIR_KEYS));
    const maps = Object.values(ASKED_PAIRS);
    const seq = engine.transact(
      keys.flatMap((key) => maps.map((map) => ({ op: OP.PUT, map, key, value, ttlMs: undefined }))),
    );
    user.wrote({ kind: 'transaction', map: ASKED_PAIRS.near, key: keys[0] as string, seq, id: value.id });
    for (const map of maps) {
      const seen = engine.get(map, keys[0] as string) as SimValue | undefined;
      user.mustRead(seen?.id === value.id, () => `wrote pair ${value.id} and reads ${seen?.id} in ${map}`);
    }
  },
};
