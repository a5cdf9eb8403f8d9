import type { World } from '../World.js';
import type { SimRealm } from '../world/SimRealm.js';

/** A clock that moves in steps of two seconds cannot be known better, and `fleeting` judges no closer. */
const CLOCK_MS = 2000;

/** C8: everything that keeps the world from being quiet, one line each; none when it is. */
export function whatIsStuck(world: World): string[] {
  const stuck: string[] = [];
  for (const { device, engine, session } of world.realms()) {
    const state = engine.state();
    const pending = engine.pendingOps();
    if (state === 'CONNECTED' && pending === 0) continue;
    const what = [
      pending > 0 ? `${pending} pending ops` : '',
      state === 'CONNECTED' ? '' : `state ${state}`,
      engine.isLeader() ? 'leader' : '',
    ].filter((text) => text !== '');
    stuck.push(`C8: ${device.name} (${session}) is stuck: ${what.join(', ')}`);
  }
  for (const realm of world.realms()) {
    const errorMs = clockErrorMs(world, realm);
    if (Math.abs(errorMs) > CLOCK_MS)
      stuck.push(`CLK-2: ${realm.device.name} takes the server's time for ${errorMs} ms later than it is`);
  }
  stuck.push(...world.troubles());
  if (world.node === undefined) stuck.push('C8: the server is down');
  else {
    const { staged, parked } = world.node.engine.stats();
    if (staged + parked > 0) stuck.push(`C8: the server holds ${staged} staged and ${parked} parked ops`);
  }
  return stuck;
}

/** Whether every tab is connected with nothing left to send. */
export const isQuiet = (world: World): boolean =>
  world.network.isClear &&
  world.realms().every(({ engine }) => engine.state() === 'CONNECTED' && engine.pendingOps() === 0) &&
  world.realms().every((realm) => Math.abs(clockErrorMs(world, realm)) <= CLOCK_MS) &&
  // A store that was full is written behind memory, after a pause.
  world.devices.every(({ disk }) => disk.entries(['op']).length === 0) &&
  // biome-ignore lint/complexity/useLiteralKeys: a protected part, which only this spelling reaches
  world.realms().every(({ engine }) => !engine['realm'].store.isFull) &&
  world.troubles().length === 0;

/** What a tab takes the server's time for, less what it is: a device whose clock was set learns it with the next heartbeat. */
const clockErrorMs = (world: World, { engine }: SimRealm): number =>
  // biome-ignore lint/complexity/useLiteralKeys: a protected part, which only this spelling reaches
  engine['realm'].clock.nowMs() - world.trueWallMs();
