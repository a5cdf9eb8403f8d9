import type { ClientMessage } from '@topgun/protocol';
import { encode } from '@topgun/protocol';
import type { FaultKind } from './faults.js';
import { LOW_RANKS_ONLY, NO_TODO_WRITES, OPEN_POLICIES } from './faults.js';
import { MAPS } from './maps.js';
import type { Rng } from './rng.js';
import type { World } from './World.js';
import { CALM_LINK } from './world/SimNetwork.js';
import { CALM_FLUSH } from './world/SimNode.js';

/** Strikes once with one kind of fault; what must end again ends by itself after a while. */
export function strike(world: World, kind: FaultKind, rng: Rng): void {
  const { scheduler, network } = world;
  network.count(`fault ${kind}`);
  const device = rng.pick(world.devices);
  switch (kind) {
    case 'link storm':
      network.faults = {
        delayMsMax: rng.int(5, 400),
        dropP: rng.float() * 0.1,
        duplicateP: rng.float() * 0.1,
        reorderP: rng.float() * 0.1,
      };
      scheduler.after(rng.int(500, 8000), () => {
        network.faults = CALM_LINK;
      });
      return;
    case 'reset':
      for (const realm of device.realms) realm.cut(false);
      return;
    case 'half-open':
      for (const realm of device.realms) realm.cut(true);
      return;
    case 'server crash':
      world.crashNode();
      scheduler.after(rng.int(0, 5000), () => world.startNode());
      return;
    case 'tab crash': {
      if (device.realms.length === 0) return;
      rng.pick(device.realms).kill();
      scheduler.after(rng.int(0, 3000), () => world.openTab(device));
      return;
    }
    case 'device crash': {
      const tabs = device.realms.length;
      for (const realm of [...device.realms]) realm.kill();
      const lost = device.disk.crash(rng.int(0, device.disk.recentCommits));
      if (lost > 0) network.count('relaxed commits lost');
      scheduler.after(rng.int(0, 3000), () => {
        for (let i = 0; i < tabs; i++) world.openTab(device);
      });
      return;
    }
    case 'device offline':
      device.online = false;
      for (const realm of device.realms) realm.cut(false);
      scheduler.after(rng.int(500, 20_000), () => {
        device.online = true;
      });
      return;
    case 'clock jump':
      device.skewMs += rng.pick([-3_600_000, -45_000, -1000, 1000, 45_000]);
      return;
    case 'flush trouble':
      if (world.node === undefined) return;
      world.node.flush = {
        delayMsMax: rng.int(4, 300),
        failP: rng.float() * 0.5,
        unknownP: rng.float() * 0.3,
      };
      scheduler.after(rng.int(200, 5000), () => {
        if (world.node !== undefined) world.node.flush = CALM_FLUSH;
      });
      return;
    case 'policy change':
      world.setPolicies(rng.pick([OPEN_POLICIES, NO_TODO_WRITES, LOW_RANKS_ONLY]));
      scheduler.after(rng.int(500, 10_000), () => world.setPolicies(OPEN_POLICIES));
      return;
    case 'hostile sender':
      hostile(world, rng);
      return;
  }
}

/** A socket that never authenticates and says what it likes: stamps from next century, foreign sessions, garbage. */
function hostile(world: World, rng: Rng): void {
  const link = world.network.dial();
  link.attach('client', { frame: () => undefined, closed: () => undefined });
  if (!world.accept(link)) return;
  const victim = world.realms()[0]?.session ?? rng.id(11);
  const future = (world.trueWallMs() + 50 * 365 * 86_400_000) * 2048;
  const messages: ClientMessage[] = [
    { type: 'PING', id: 1 },
    { type: 'SYNC_INIT', req: 1, map: MAPS.todos, kind: 'LWW', root: 0 },
    {
      type: 'OPS',
      session: victim,
      settledBelow: 0,
      incarnation: world.store.incarnation,
      concern: 4,
      maps: [MAPS.todos],
      rows: [[1, 0, 0, 'a', future, null, { id: -1, rank: 0 }]],
    },
    { type: 'QUERY_SUB', query: 'q', map: MAPS.todos },
  ];
  for (let i = rng.int(1, 4); i > 0; i--) {
    if (rng.chance(0.3))
      link.send(
        'server',
        Uint8Array.from({ length: rng.int(0, 200) }, () => rng.int(0, 255)),
      );
    else link.send('server', encode(rng.pick(messages)));
  }
}
