import { type QuerySpec, runQuery } from '@topgun/core';
import type { World } from '../World.js';
import { ASKED_PAIR_SPEC, ASKED_PAIRS, askedPairId, NOTES, QUESTIONS } from '../workload/maps.js';
import type { SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';
import { difference } from './difference.js';

/** QRY-2, as far as the device: every open query shows what a fresh run over the disk gives, in its order. */
export const queries: Checker = {
  atEnd(world) {
    for (const realm of world.realms()) {
      for (const question of realm.questions)
        compare(world, realm, `q${question}`, NOTES, QUESTIONS[question] as QuerySpec);
      for (const map of Object.values(ASKED_PAIRS))
        compare(world, realm, askedPairId(map), map, ASKED_PAIR_SPEC);
    }
  },
};

function compare(world: World, realm: SimRealm, id: string, map: string, spec: QuerySpec): void {
  const stored = [...world.store.records.values()].flatMap((row): [string, unknown][] =>
    row.map === map && row.value !== undefined ? [[row.key, row.value]] : [],
  );
  const { rows, status } = realm.engine.queryResult(id);
  const shown = JSON.stringify(rows.map(({ key, value }) => [key, value]));
  const fresh = JSON.stringify(runQuery(spec, stored));
  if (shown !== fresh)
    world.fail(`QRY-2: query ${id} of ${realm.device.name} shows ${difference(shown, fresh)}`);
  if (status !== 'complete') world.fail(`QRY-2: query ${id} of ${realm.device.name} is ${status}`);
}
