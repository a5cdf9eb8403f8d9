import { type QuerySpec, runQuery } from '@topgun/core';
import { NOTES, QUESTIONS } from '../workload/maps.js';
import type { Checker } from './Checker.js';
import { difference } from './difference.js';

/** QRY-2, as far as the device: every open query shows what a fresh run over the disk gives, in its order. */
export const queries: Checker = {
  atEnd(world) {
    const notes: [string, unknown][] = [];
    for (const { map, key, value } of world.store.records.values())
      if (map === NOTES && value !== undefined) notes.push([key, value]);
    for (const realm of world.realms()) {
      for (const question of realm.questions) {
        const { rows, status } = realm.engine.queryResult(`q${question}`);
        const shown = JSON.stringify(rows.map(({ key, value }) => [key, value]));
        const fresh = JSON.stringify(runQuery(QUESTIONS[question] as QuerySpec, notes));
        if (shown !== fresh)
          world.fail(`QRY-2: query ${question} of ${realm.device.name} shows ${difference(shown, fresh)}`);
        if (status !== 'complete')
          world.fail(`QRY-2: query ${question} of ${realm.device.name} is ${status}`);
      }
    }
  },
};
