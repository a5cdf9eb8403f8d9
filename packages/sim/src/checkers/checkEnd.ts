import { encodeCanonical, type QuerySpec, runQuery } from '@topgun/core';
import type { SimValue, Write } from '../Ledger.js';
import { MAPS, NOTES, QUESTIONS } from '../maps.js';
import type { World } from '../World.js';
import type { SimRealm } from '../world/SimRealm.js';

/** Laws that hold once the world has healed and is quiet. Plain maps and the disk of the server against what realms show. */
export function checkEnd(world: World): void {
  checkQuiet(world);
  if (world.failures.length > 0) return;
  checkLogs(world);
  checkConvergence(world);
  checkQueries(world);
  checkNothingLost(world);
  checkEffectOnce(world);
  checkClock(world);
}

/** C8: no stuck queue, no stuck state. */
function checkQuiet(world: World): void {
  for (const realm of world.realms()) {
    const { engine } = realm;
    if (engine.pendingOps() > 0)
      world.fail(
        `C8: ${realm.device.name} still has ${engine.pendingOps()} pending ops in state ${engine.state()}`,
      );
    else if (engine.state() !== 'CONNECTED')
      world.fail(`C8: ${realm.device.name} is stuck in ${engine.state()}`);
  }
}

/** B1: nothing that a device logged is left behind on its disk. */
function checkLogs(world: World): void {
  for (const device of world.devices) {
    const left = device.disk.entries(['op']);
    if (left.length > 0)
      world.fail(
        `B1: ${device.name} has ${left.length} ops in its log that nobody sends, the first is ${JSON.stringify(left[0])}`,
      );
  }
}

/** C1: all realms and the disk hold the same state, and the roots say so. */
function checkConvergence(world: World): void {
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
  const disk = describe(todos, tags, likes);
  for (const realm of world.realms()) {
    const shown = stateOf(realm);
    if (shown !== disk)
      world.fail(`C1: ${realm.device.name} shows ${difference(shown, disk)} (disk on the right)`);
    for (const map of Object.values(MAPS)) {
      const own = realm.engine.liveRoot(map);
      const server = world.node?.engine.rootOf(map) ?? 0;
      if (own !== server)
        world.fail(`C1: live root of ${map} is ${own} on ${realm.device.name} and ${server} on the server`);
    }
  }
}

/** QRY-2, as far as the device: every open query shows what a fresh run over the disk gives, in its order. */
function checkQueries(world: World): void {
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
      if (status !== 'complete') world.fail(`QRY-2: query ${question} of ${realm.device.name} is ${status}`);
    }
  }
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

function difference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const from = Math.max(0, at - 60);
  return `…${a.slice(from, at + 80)}… | …${b.slice(from, at + 80)}…`;
}

/** D1: what was answered as applied is on disk, or something later replaced it. */
function checkNothingLost(world: World): void {
  const { store, ledger } = world;
  const taken = new Set<number>();
  for (const write of ledger.writes) for (const id of write.takes) taken.add(id);
  const shown = new Set([...ledger.rejections.keys()].map((id) => id.slice(id.indexOf(':') + 1)));
  const onDisk = new Set<number>();
  for (const record of store.records.values()) {
    const value = record.value as Partial<SimValue> | undefined;
    if (record.map !== MAPS.likes && value?.id !== undefined) onDisk.add(value.id);
  }
  for (const write of ledger.writes) {
    if (write.outcome !== 'applied') continue;
    if (write.kind === 'add' && !onDisk.has(write.id) && !taken.has(write.id)) {
      world.fail(`D1: tags/${write.key} lost ${write.id}, answered as applied and removed by nobody`);
    }
    if (write.kind === 'take')
      for (const id of write.takes)
        if (onDisk.has(id))
          world.fail(`C6: tags/${write.key} still holds ${id} after its removal was answered`);
    if (write.kind === 'put') checkPut(world, write);
  }
  for (const write of ledger.writes) {
    if (
      write.outcome === 'rejected' &&
      write.realm.alive &&
      !shown.has(`${write.realm.session}:${write.seq}`)
    ) {
      world.fail(`DEV-7: the rejection of ${write.kind} ${write.map}/${write.key} was never shown`);
    }
    if (
      write.outcome === 'rejected' &&
      (write.kind === 'put' || write.kind === 'add') &&
      onDisk.has(write.id)
    ) {
      world.fail(`DEV-7: ${write.map}/${write.key} holds ${write.id}, which was answered as rejected`);
    }
  }
}

function checkPut(world: World, write: Write): void {
  const record = world.store.get(write.map, write.key);
  const first = [...world.store.outcomes].find(([id]) =>
    id.endsWith(`:${write.realm.session}:${write.seq}`),
  )?.[1];
  if (record === undefined || first === undefined) {
    world.fail(`D1: ${write.map}/${write.key} lost ${write.id}, answered as applied`);
    return;
  }
  const own = (record.value as SimValue | undefined)?.id === write.id;
  if (!own && (record.t < first.t || (record.t === first.t && record.node <= first.node))) {
    world.fail(`D1: ${write.map}/${write.key} holds an older record than ${write.id}, answered as applied`);
  }
}

/** D4 and C7: the counter is the sum of the increments that took effect, each once; no op id has two outcomes. */
function checkEffectOnce(world: World): void {
  const { store, ledger } = world;
  for (const id of ledger.reused) world.fail(`ID-1: ${id} names two writes`);
  for (const id of store.doubled) world.fail(`D4: op ${id} has two durable outcomes`);
  let expected = 0;
  for (const [id, entry] of store.outcomes) {
    const [, session, seq] = id.split(':') as [string, string, string];
    const write = ledger.bySeq(session, Number(seq));
    if (write?.kind === 'increment' && entry.outcome === 0) expected += write.id;
  }
  const record = store.get(MAPS.likes, MAPS.likes);
  const [plus, minus] = (record?.value as [number, number] | undefined) ?? [0, 0];
  if (plus - minus !== expected)
    world.fail(`C7: the counter is ${plus - minus}, the increments that took effect sum up to ${expected}`);
}

/** T2: neither the server's clock nor anything on disk is beyond the allowed skew. */
function checkClock(world: World): void {
  const clockAheadMs = (world.node?.engine.stats().clock ?? 0) / 2048 - world.trueWallMs();
  if (clockAheadMs > 60_000)
    world.fail(`T2: the server's clock is ${Math.round(clockAheadMs / 1000)} s ahead of its wall clock`);
  for (const record of world.store.records.values()) {
    const aheadMs = record.t / 2048 - world.trueWallMs();
    if (aheadMs > 60_000)
      world.fail(
        `T2: ${record.map}/${record.key} is stamped ${Math.round(aheadMs / 1000)} s ahead of the server`,
      );
  }
}
