import type { Rng } from '../rng.js';
import type { SimRealm } from '../world/SimRealm.js';
import {
  ASKED_PAIR_SPEC,
  ASKED_PAIRS,
  askedPairId,
  CURSORS,
  FLEETING,
  JUDGED,
  MAPS,
  PAIRS,
  QUESTIONS,
  RELICS,
} from './maps.js';

/** Opens what every tab of the world looks at. */
export function openAll(realm: SimRealm, rng: Rng): void {
  realm.input((engine) => {
    engine.openMap(MAPS.todos, 'LWW');
    engine.openMap(MAPS.tags, 'OR');
    engine.openMap(MAPS.likes, 'PN');
    for (const map of Object.values(PAIRS)) engine.openMap(map, 'LWW');
    for (const map of Object.values(JUDGED)) engine.openMap(map, 'LWW');
    for (const map of Object.values(ASKED_PAIRS)) engine.openQuery(askedPairId(map), map, ASKED_PAIR_SPEC);
    engine.openMap(FLEETING, 'LWW');
    engine.openMap(RELICS, 'LWW');
    engine.openMap(CURSORS, 'LWW');
    if (rng.chance(0.5)) engine.topicSubscribe('news');
  });
  for (let i = 0; i < QUESTIONS.length; i++) if (rng.chance(0.5)) realm.ask(i);
}
