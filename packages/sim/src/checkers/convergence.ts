import { encodeCanonical } from '@topgun/core';
import type { World } from '../World.js';
import type { SimValue } from '../workload/Ledger.js';
import { MAPS } from '../workload/maps.js';
import type { SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';
import { difference } from './difference.js';
import { sameRoots } from './laws/sameRoots.js';

/** C1: all realms and the disk hold the same state, and the roots say so. */
export const convergence: Checker = {
  atEnd(world) {
    const disk = stateOnDisk(world);
    for (const realm of world.realms()) {
      const shown = stateOf(realm);
      if (shown !== disk)
        world.fail(`C1: ${realm.device.name} shows ${difference(shown, disk)} (disk on the right)`);
      for (const map of Object.values(MAPS)) {
        const fault = sameRoots(map, [
          [realm.device.name, realm.engine.liveRoot(map)],
          ['the server', world.node?.engine.rootOf(map)],
        ]);
        if (fault !== undefined) world.fail(fault);
      }
    }
  },
};

function stateOnDisk(world: World): string {
  const todos: [string, unknown][] = [];
  const tags: [string, number[]][] = [];
  const byKey = new Map<string, number[]>();
  let likes = 0;
  for (const record of world.store.records.values()) {
    if (record.value === undefined) continue;
    if (record.map === MAPS.todos) todos.push([record.key, record.value]);
    if (record.map === MAPS.tags)
      byKey.set(record.key, [...(byKey.get(record.key) ?? []), (record.value as SimValue).id]);
    if (record.map === MAPS.likes) {
      const [plus, minus] = record.value as [number, number];
      likes = plus - minus;
    }
  }
  for (const [key, ids] of byKey) tags.push([key, ids.sort((a, b) => a - b)]);
  return describe(todos, tags, likes);
}

function stateOf(realm: SimRealm): string {
  const { engine } = realm;
  const tags = engine
    .entries(MAPS.tags)
    .map(
      ([key, elements]) =>
        [key, (elements as { value: SimValue }[]).map((e) => e.value.id).sort((a, b) => a - b)] as [
          string,
          number[],
        ],
    );
  return describe(
    [...engine.entries(MAPS.todos)] as [string, unknown][],
    tags,
    engine.counterValue(MAPS.likes),
  );
}

function describe(todos: [string, unknown][], tags: [string, number[]][], likes: number): string {
  const byKey = (a: [string, unknown], b: [string, unknown]): number => (a[0] < b[0] ? -1 : 1);
  const state = {
    todos: todos.sort(byKey),
    tags: tags.filter(([, ids]) => ids.length > 0).sort(byKey),
    likes,
  };
  // The canonical bytes decide; the text is for people.
  return `${JSON.stringify(state)}#${encodeCanonical(state).length}`;
}
