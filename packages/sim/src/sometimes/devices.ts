import type { Observer } from './Observer.js';

const points = [
  'leader tab died',
  'leader tab died with unanswered ops',
  'follower tab died with unanswered ops',
  'last tab of a device died with unanswered ops',
  'a follower became the leader',
  'lock stolen from a silent leader',
  'relaxed commits lost',
  'write refused by a full disk',
  'store lost under an open tab',
  'rejection shown after a restart',
  'device wrote while it was offline',
  'device held many unanswered ops',
  'device came back after a long time',
  'app was told of an error',
] as const;

const MANY_OPS = 15;
const LONG_MS = 15_000;

/** Tabs, disks and the time a device is away. */
export const devices: Observer = {
  points: points.map((name) => ({ name })),
  watch(world) {
    const reach = (point: (typeof points)[number]): void => world.sometimes(point);
    const awaySinceMs = new Map<string, number>();
    return {
      dying({ engine, device }) {
        const hasOps = engine.pendingOps() > 0;
        if (engine.isLeader()) {
          reach('leader tab died');
          if (hasOps) reach('leader tab died with unanswered ops');
        } else if (hasOps) reach('follower tab died with unanswered ops');
        if (hasOps && device.realms.length === 1) reach('last tab of a device died with unanswered ops');
      },
      event(realm, event) {
        const { device, session, engine } = realm;
        if (event.type === 'role' && event.leader && device.realms.length > 1)
          reach('a follower became the leader');
        if (event.type === 'error') {
          reach('app was told of an error');
          if (event.error.code === 'STORAGE_FULL') reach('write refused by a full disk');
          if (event.error.code === 'STORAGE_LOST') reach('store lost under an open tab');
        }
        if (event.type === 'rejection' && !event.rejection.id.includes(`:${session}:`))
          reach('rejection shown after a restart');
        if (event.type === 'pending') {
          if (event.count > 0 && !device.online) reach('device wrote while it was offline');
          if (event.count >= MANY_OPS) reach('device held many unanswered ops');
        }
        if (event.type === 'state' && engine.isLeader()) {
          const since = awaySinceMs.get(device.name);
          if (event.state !== 'CONNECTED') awaySinceMs.set(device.name, since ?? world.scheduler.nowMs);
          else {
            if (since !== undefined && world.scheduler.nowMs - since > LONG_MS)
              reach('device came back after a long time');
            awaySinceMs.delete(device.name);
          }
        }
      },
    };
  },
};
