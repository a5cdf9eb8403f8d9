import type { World } from '../World.js';
import type { SimValue } from '../workload/Ledger.js';
import { ASKED_PAIRS, askedPairId, PAIR_KEYS, PAIRS } from '../workload/maps.js';
import type { Device, SimRealm } from '../world/SimRealm.js';
import type { Checker } from './Checker.js';

/** A crash takes a device back by at most this much. */
const CRASH_MS = 6_000;

/**
 * TX-1 and RES-6: nobody is ever shown half of a transaction. Two maps are only ever written together, so in every turn of every
 * realm both show the same value under each key, and two others the same rows to the same query. Not judged: what is absent from a map that is not complete yet, and devices whose
 * link did what no stream does, until they have been whole for as long as a crash could take them back.
 */
export const wholeTransactions: Checker = {
  watch(world) {
    const disturbed = new Map<Device, number>();
    const lookAt = (realm: SimRealm): void => {
      const { device } = realm;
      const half = halfOf(realm);
      const isSound = device.realms.every(({ isLinkSound }) => isLinkSound);
      const since = disturbed.get(device);
      if (!isSound || (half !== undefined && since !== undefined))
        disturbed.set(device, world.scheduler.nowMs);
      else if (since !== undefined && world.scheduler.nowMs - since > CRASH_MS) disturbed.delete(device);
      if (half !== undefined && !disturbed.has(device)) world.fail(`TX-1: ${device.name} shows ${half}`);
    };
    return {
      event(realm, { type }) {
        if (type === 'changes' || type === 'ready') lookAt(realm);
      },
      look() {
        for (const realm of world.realms()) lookAt(realm);
      },
    };
  },
  atEnd(world) {
    const [near, far] = Object.values(ASKED_PAIRS).map((map) => idsOnDisk(world, map));
    if (near !== far) world.fail(`TX-1: the disk holds ${near} and ${far}`);
    for (const key of PAIR_KEYS) {
      const [left, right] = Object.values(PAIRS).map(
        (map) => world.store.get(map, key)?.value as SimValue | undefined,
      );
      if (left?.id !== right?.id)
        world.fail(`TX-1: the disk holds ${left?.id} and ${right?.id} under ${key}`);
      for (const realm of world.realms()) checkReplica(world, realm, key, left?.id);
    }
    for (const map of Object.values(PAIRS))
      for (const realm of world.realms())
        if (realm.engine.liveRoot(map) !== (world.node?.engine.rootOf(map) ?? 0))
          world.fail(`C1: ${realm.device.name} and the server have different live roots of ${map}`);
  },
};

const shownBy = ({ engine }: SimRealm, key: string): (number | undefined)[] =>
  Object.values(PAIRS).map((map) => (engine.get(map, key) as SimValue | undefined)?.id);

function halfOf(realm: SimRealm): string | undefined {
  const isComplete = Object.values(PAIRS).every((map) => realm.engine.isSynced(map));
  for (const key of PAIR_KEYS) {
    const [left, right] = shownBy(realm, key);
    if (left === right || (!isComplete && (left === undefined || right === undefined))) continue;
    return `${left} and ${right} under ${key}`;
  }
  return halfAsked(realm);
}

/** Half of a transaction in the results of two queries; what is absent counts once both are complete. */
function halfAsked({ engine }: SimRealm): string | undefined {
  const results = Object.values(ASKED_PAIRS).map((map) => engine.queryResult(askedPairId(map)));
  const isComplete = results.every(({ status }) => status === 'complete');
  for (const key of PAIR_KEYS) {
    const [near, far] = results.map(
      ({ rows }) => (rows.find((row) => row.key === key)?.value as SimValue | undefined)?.id,
    );
    if (near === far || (!isComplete && (near === undefined || far === undefined))) continue;
    return `${near} and ${far} under ${key} to two queries`;
  }
  return undefined;
}

const idsOnDisk = (world: World, map: string): string =>
  PAIR_KEYS.map((key) => (world.store.get(map, key)?.value as SimValue | undefined)?.id).join();

function checkReplica(world: World, realm: SimRealm, key: string, id: number | undefined): void {
  for (const shown of shownBy(realm, key))
    if (shown !== id)
      world.fail(`C1: ${realm.device.name} shows ${shown} under ${key}, the disk holds ${id}`);
}
