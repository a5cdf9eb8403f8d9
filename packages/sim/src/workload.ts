import type { Ledger, SimValue, Write } from './Ledger.js';
import { MAPS, NOTES, QUESTIONS } from './maps.js';
import type { Rng } from './rng.js';
import type { SimRealm } from './world/SimRealm.js';

const HOT_KEYS = ['a', 'b', 'c', '__proto__', 'ü{tag}', 'k{tag}'];

function key(rng: Rng): string {
  return rng.chance(0.7) ? rng.pick(HOT_KEYS) : `cold-${rng.int(0, 200)}`;
}

/** Opens what every realm of the world looks at. */
export function openAll(realm: SimRealm, rng: Rng): void {
  realm.input((engine) => {
    engine.openMap(MAPS.todos, 'LWW');
    engine.openMap(MAPS.tags, 'OR');
    engine.openMap(MAPS.likes, 'PN');
    if (rng.chance(0.5)) engine.topicSubscribe('news');
  });
  for (let i = 0; i < QUESTIONS.length; i++) if (rng.chance(0.5)) realm.ask(i);
}

/** One step of one user. Throws when a read right after the write does not show it. */
export function userStep(realm: SimRealm, ledger: Ledger, rng: Rng, fail: (why: string) => void): void {
  const { engine } = realm;
  const record = (write: Omit<Write, 'realm'>): void => ledger.add({ ...write, realm });
  const dice = rng.float();
  const k = key(rng);
  if (rng.chance(0.15)) return noteStep(realm, ledger, rng, k, fail);
  if (dice < 0.45) {
    const value: SimValue = { id: ledger.nextId(), rank: rng.int(0, 9) };
    ledger.writing(value.id, realm);
    const seq = engine.put(MAPS.todos, k, value);
    record({ kind: 'put', map: MAPS.todos, key: k, seq, id: value.id, takes: [] });
    const seen = engine.get(MAPS.todos, k) as SimValue | undefined;
    if (seen?.id !== value.id)
      fail(`read-your-writes: ${realm.device.name} wrote ${value.id} at todos/${k} and reads ${seen?.id}`);
  } else if (dice < 0.55) {
    const seq = engine.remove(MAPS.todos, k);
    record({ kind: 'remove', map: MAPS.todos, key: k, seq, id: 0, takes: [] });
    if (engine.has(MAPS.todos, k))
      fail(`read-your-writes: ${realm.device.name} removed todos/${k} and still sees it`);
  } else if (dice < 0.72) {
    const value: SimValue = { id: ledger.nextId(), rank: rng.int(0, 9) };
    ledger.writing(value.id, realm);
    const seq = engine.orAdd(MAPS.tags, k, value);
    record({ kind: 'add', map: MAPS.tags, key: k, seq, id: value.id, takes: [] });
    if (!idsAt(realm, k).includes(value.id))
      fail(`read-your-writes: ${realm.device.name} added ${value.id} at tags/${k} and does not see it`);
  } else if (dice < 0.82) {
    const elements = engine.orGet(MAPS.tags, k);
    if (elements.length === 0) return;
    const taken = rng.pick(elements).value as SimValue;
    const seq = engine.orRemove(MAPS.tags, k, taken);
    record({ kind: 'take', map: MAPS.tags, key: k, seq, id: 0, takes: [taken.id] });
    if (idsAt(realm, k).includes(taken.id))
      fail(`read-your-writes: ${realm.device.name} took ${taken.id} from tags/${k} and still sees it`);
  } else if (dice < 0.97) {
    const before = engine.counterValue(MAPS.likes);
    const delta = rng.chance(0.7) ? rng.int(1, 9) : -rng.int(1, 9);
    const seq = engine.increment(MAPS.likes, delta);
    record({ kind: 'increment', map: MAPS.likes, key: MAPS.likes, seq, id: delta, takes: [] });
    if (engine.counterValue(MAPS.likes) !== before + delta)
      fail(
        `read-your-writes: ${realm.device.name} added ${delta} to ${before} and reads ${engine.counterValue(MAPS.likes)}`,
      );
  } else {
    engine.topicPublish('news', { n: rng.int(0, 99) });
  }
}

/** Ids of the elements a realm sees at a key of `tags`. */
function idsAt(realm: SimRealm, k: string): number[] {
  return realm.engine.orGet(MAPS.tags, k).map((element) => (element.value as SimValue).id);
}

/** Writes a note, deletes one, or changes what the realm asks. */
function noteStep(realm: SimRealm, ledger: Ledger, rng: Rng, k: string, fail: (why: string) => void): void {
  const { engine } = realm;
  const dice = rng.float();
  if (dice < 0.25) realm.ask(rng.int(0, QUESTIONS.length - 1));
  else if (dice < 0.4) {
    const seq = engine.remove(NOTES, k);
    ledger.add({ kind: 'remove', map: NOTES, key: k, realm, seq, id: 0, takes: [] });
  } else {
    const value: SimValue = { id: ledger.nextId(), rank: rng.int(0, 9) };
    ledger.writing(value.id, realm);
    const seq = engine.put(NOTES, k, value);
    ledger.add({ kind: 'put', map: NOTES, key: k, realm, seq, id: value.id, takes: [] });
    const seen = engine.get(NOTES, k) as SimValue | undefined;
    if (seen?.id !== value.id)
      fail(`read-your-writes: ${realm.device.name} wrote ${value.id} at notes/${k} and reads ${seen?.id}`);
  }
}
