import type { World } from '../World.js';
import { JUDGED } from '../workload/maps.js';
import type { SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';
import { sameRoots } from './laws/sameRoots.js';

/** By realm and key: elements that the realm was told, or has shown, to be in the array. */
type Told = Map<SimRealm, Map<string, Set<number>>>;

/** A write to a judged map under one of its ids: a stale one goes on under another (GC-3), which another tab may have given it. */
interface Sent {
  readonly map: string;
  readonly key: string;
  readonly value: unknown;
}

/** By world, `session:seq` of every write to a judged map that reached the server. */
const sentIn = new WeakMap<World, Map<string, Sent>>();

const MAPS: ReadonlySet<string> = new Set(Object.values(JUDGED));

/**
 * SRV-7, DEV-2, DEV-6 and B2 on maps that resolvers judge: each op is resolved once in effect, everybody ends with what the disk holds, no
 * write is replaced on the device, a refusal says why, and what a realm was told is stored does not vanish from its view.
 */
export const judged: Checker = {
  watch(world) {
    const told: Told = new Map();
    const sent = new Map<string, Sent>();
    sentIn.set(world, sent);
    return {
      received(message) {
        if (message.type !== 'OPS') return;
        for (const [seq, , mapIdx, key, , , value] of message.rows) {
          const map = message.maps[mapIdx] ?? '';
          if (MAPS.has(map)) sent.set(`${message.session}:${seq}`, { map, key, value });
        }
      },
      event(realm, event) {
        if (event.type === 'changes')
          for (const key of event.keysByMap.get(JUDGED.joined) ?? []) checkJoined(world, told, realm, key);
        if (
          event.type === 'rejection' &&
          event.rejection.code === 'RESOLVER_REJECTED' &&
          !event.rejection.reason
        )
          world.fail(`RSV-4: the rejection of ${event.rejection.id} came without its reason`);
        if (event.type !== 'settled') return;
        const write = world.ledger.bySeq(realm.session, event.seq);
        if (write === undefined || !MAPS.has(write.map)) return;
        // A stale write goes on under another id (GC-3).
        if (event.by !== undefined && world.store.outcomeOf(realm.session, event.seq)?.code !== 'STALE_OP')
          world.fail(`DEV-6: a write to ${write.map}/${write.key} was replaced by a later one`);
        if (write.map !== JUDGED.joined || (event.outcome !== 'applied' && event.outcome !== 'changed'))
          return;
        seenBy(told, realm, write.key).add(write.id);
        checkJoined(world, told, realm, write.key);
      },
    };
  },
  atEnd(world) {
    for (const map of MAPS) checkEqual(world, map);
    checkSums(world);
    checkUnions(world);
  },
};

/**
 * Nothing that was told to be there, or that was seen, is ever missing: the union only grows. While a pending write of this device lies on
 * top, which is one element or no array, nothing can be said.
 */
function checkJoined(world: World, told: Told, realm: SimRealm, key: string): void {
  const shown = (realm.engine.get(JUDGED.joined, key) ?? []) as number | readonly number[];
  if (typeof shown === 'number') return;
  if (shown.length === 1 && world.ledger.writerOf(shown[0] as number) === realm.device) return;
  const seen = seenBy(told, realm, key);
  if (world.mayLag(realm.device)) return seen.clear();
  // A server that has lost time shows less until the makers have sent theirs again.
  if (world.store.rollbacks > 0) return;
  for (const id of seen)
    if (!shown.includes(id))
      world.fail(
        `B2: ${realm.device.name} knew that ${id} is in ${JUDGED.joined}/${key} and shows [${shown}]`,
      );
  for (const id of shown) seen.add(id);
}

function seenBy(told: Told, realm: SimRealm, key: string): Set<number> {
  const keys = told.get(realm) ?? new Map<string, Set<number>>();
  told.set(realm, keys);
  const seen = keys.get(key) ?? new Set<number>();
  keys.set(key, seen);
  return seen;
}

/** C1: every realm shows what the disk holds, and the roots say so. */
function checkEqual(world: World, map: string): void {
  const onDisk = new Map<string, unknown>();
  for (const record of world.store.records.values())
    if (record.map === map && record.value !== undefined) onDisk.set(record.key, record.value);
  const disk = JSON.stringify([...onDisk].sort(([a], [b]) => (a < b ? -1 : 1)));
  for (const { engine, device } of world.realms()) {
    const shown = JSON.stringify([...engine.entries(map)].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (shown !== disk) world.fail(`C1: ${device.name} shows ${shown} in ${map}, the disk holds ${disk}`);
    const fault = sameRoots(map, [
      [device.name, engine.liveRoot(map)],
      ['the server', world.node?.engine.rootOf(map)],
    ]);
    if (fault !== undefined) world.fail(fault);
  }
}

/** What took effect, by key: no more than was written, whatever ids it went by. */
function effects(world: World, map: string): Map<string, number[]> {
  const byKey = new Map<string, number[]>();
  for (const [id, sent] of sentIn.get(world) ?? []) {
    const [session = '', seq] = id.split(':');
    const outcome = sent.map === map ? world.store.outcomeOf(session, Number(seq))?.outcome : undefined;
    if (outcome !== 0 && outcome !== 2) continue;
    const [made] = [sent.value].flat();
    byKey.set(sent.key, [...(byKey.get(sent.key) ?? []), made as number]);
  }
  for (const [key, made] of byKey) {
    const written = world.ledger.writes.filter((write) => write.map === map && write.key === key).length;
    if (made.length > written)
      world.fail(`SRV-7: ${made.length} ops took effect at ${map}/${key}, and ${written} were written`);
  }
  return byKey;
}

/** SRV-7: the app's own resolver adds, so a sum tells whether each op was resolved exactly once. */
function checkSums(world: World): void {
  for (const [key, amounts] of effects(world, JUDGED.sums)) {
    const expected = amounts.reduce((sum, amount) => sum + amount, 0);
    const found = world.store.get(JUDGED.sums, key)?.value;
    if (found !== expected)
      world.fail(
        `SRV-7: ${JUDGED.sums}/${key} is ${String(found)}, the ops that took effect add up to ${expected}`,
      );
  }
}

/** SRV-7: a union never loses what it was answered to hold, and holds nothing twice. */
function checkUnions(world: World): void {
  for (const [key, ids] of effects(world, JUDGED.joined)) {
    const found = (world.store.get(JUDGED.joined, key)?.value ?? []) as readonly number[];
    if (JSON.stringify([...found].sort((a, b) => a - b)) !== JSON.stringify(ids.sort((a, b) => a - b)))
      world.fail(`SRV-7: ${JUDGED.joined}/${key} holds [${found}], the ops that took effect are [${ids}]`);
  }
}
