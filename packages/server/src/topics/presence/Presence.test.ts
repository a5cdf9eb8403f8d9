import type { Announcement } from '@topgun/protocol';
import { LIMITS } from '@topgun/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { PermissionPolicy } from '../../security/PermissionPolicy.js';
import { nextTurn } from '../../utils/nextTurn.js';
import { LocalBus } from '../LocalBus.js';
import { MemoryLog } from '../log/MemoryLog.js';
import { Offsets } from '../log/Offsets.js';
import { Namespaces } from '../Namespaces.js';
import type { Bus } from '../ports.js';
import { Rooms, type RoomWatcher } from '../rooms/Rooms.js';
import { SERVER_PRINCIPAL } from '../serverPrincipal.js';
import { TopicHub } from '../TopicHub.js';
import { Listener, principal } from '../testing/HubRig.js';
import { topicGate } from '../topicGate.js';
import { Presence } from './Presence.js';

const everything = new PermissionPolicy([{ role: 'user', map: '**', actions: ['READ', 'PUT'] }]);
const limits = {
  roomMembersMax: 1e6,
  roomsPerUserMax: 1e6,
  roomMembersTotalMax: 1e6,
  roomIdleMs: 0,
  roomMaxMs: 0,
};

describe('Presence', () => {
  let now: number;
  let drawn: number;
  let log: MemoryLog;
  const faults: unknown[] = [];
  const wallMs = (): number => now;

  beforeEach(() => {
    now = 1_800_000_000_000;
    drawn = 0;
    faults.length = 0;
    log = new MemoryLog({ epoch: 'e', offsets: new Offsets(wallMs), wallMs });
  });

  /** A node of several that share one log, as they share one bus. */
  const node = (
    nodeId: string,
  ): { readonly hub: TopicHub; readonly presence: Presence; readonly bus: Bus } => {
    const bus = new LocalBus(log);
    const watcher = {
      entered: (...entry: Parameters<RoomWatcher['entered']>): void => presence.entered(...entry),
      said: (...state: Parameters<RoomWatcher['said']>): void => presence.said(...state),
      left: (...exit: Parameters<RoomWatcher['left']>): void => presence.left(...exit),
    };
    const hub = new TopicHub({
      nextTurn,
      bus,
      namespaces: new Namespaces(),
      gate: topicGate(() => ({ inForce: everything, denied: () => undefined }), wallMs),
      nodeId,
      wallMs,
      drawId: () => `id-${nodeId}-${++drawn}`,
      rooms: new Rooms(limits, watcher),
    });
    const presence = new Presence({ topics: hub, nodeId, wallMs, onFault: (error) => faults.push(error) });
    void bus.open(hub);
    return { hub, presence, bus };
  };
  /** What was to be announced in this turn has been. */
  const announced = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const names = async (presence: Presence, topic = 'room/1'): Promise<string[]> =>
    (await presence.list(topic, principal('watcher'))).map(({ user }) => user);

  it('[PRES-1] who is in a room on any node is present, as long as one of its subscriptions is', async () => {
    const a = node('a');
    const b = node('b');
    const [one, two, other] = [new Listener('ann'), new Listener('ann'), new Listener('ben')];
    await a.hub.subscribe('room/1', one);
    now += 10;
    await a.hub.subscribe('room/1', two);
    await b.hub.subscribe('room/1', other);
    await b.hub.subscribe('room/2', other);
    await announced();
    for (const { presence } of [a, b])
      expect(await presence.list('room/1', principal('watcher'))).toEqual([
        { user: 'ann', sinceMs: now - 10 },
        { user: 'ben', sinceMs: now },
      ]);
    a.hub.unsubscribe('room/1', one);
    b.hub.unsubscribe('room/1', other);
    await announced();
    expect(await names(a.presence)).toEqual(['ann']);
    a.hub.unsubscribe('room/1', two);
    await announced();
    expect(await names(b.presence)).toEqual([]);
    expect(await names(b.presence, 'room/2')).toEqual(['ben']);
  });

  it('[PRES-2] who enters and leaves in one turn is announced together, to those who listen beside the room', async () => {
    const { hub } = node('a');
    const watcher = new Listener('watcher');
    await hub.subscribe('presence/room/1', watcher);
    const members = ['ann', 'ben', 'cat'].map((user) => new Listener(user));
    for (const member of members) void hub.subscribe('room/1', member);
    hub.unsubscribe('room/1', members[2] as Listener);
    await announced();
    hub.unsubscribe('room/1', members[0] as Listener);
    await announced();
    expect(watcher.heard.map(({ name, data }) => [name, data])).toEqual([
      [
        'presence',
        {
          node: 'a',
          joined: [
            ['ann', now],
            ['ben', now],
          ],
        },
      ],
      ['presence', { node: 'a', left: ['cat'] }],
      ['presence', { node: 'a', left: ['ann'] }],
    ]);
  });

  it('[PRES-2] a hub that closes announces that all leave', async () => {
    const a = node('a');
    const b = node('b');
    for (const user of ['ann', 'ben']) await a.hub.subscribe('room/1', new Listener(user));
    await announced();
    expect(await names(b.presence)).toEqual(['ann', 'ben']);
    a.hub.close();
    await a.bus.close();
    await announced();
    expect(await names(b.presence)).toEqual([]);
  });

  it('[PRES-3] a node that falls silent loses its members with its lease, one that says who is there keeps them', async () => {
    const a = node('a');
    const b = node('b');
    await a.hub.subscribe('room/1', new Listener('ann'));
    await b.hub.subscribe('room/1', new Listener('ben'));
    await announced();
    for (let said = 0; said < 3; said++) {
      now += LIMITS.presenceSayMs;
      await a.presence.sayAll();
      if (said < 2) expect(await names(a.presence)).toEqual(['ann', 'ben']);
    }
    expect(await names(a.presence)).toEqual(['ann']);
    expect(await names(b.presence)).toEqual(['ann']);
  });

  it('[PRES-3] a large room is announced in parts and listed whole', async () => {
    const a = node('a');
    const count = LIMITS.presenceUsers * 2 + 10;
    for (let i = 0; i < count; i++) void a.hub.subscribe('room/1', new Listener(`user ${i}`));
    await announced();
    expect(await names(a.presence)).toHaveLength(count);
    now += LIMITS.presenceLeaseMs - 1;
    await a.presence.sayAll();
    now += 1;
    expect(await names(a.presence)).toHaveLength(count);
    const { messages } = await log.read('presence/room/1', undefined, 10);
    expect(messages.map(({ data }) => (data as Announcement).joined?.length)).toEqual([500, 500, 10]);
  });

  it('[PRES-4] a state holds for its time on all nodes, and is taken back', async () => {
    const a = node('a');
    const b = node('b');
    await a.hub.subscribe('room/1', new Listener('ann'));
    await announced();
    await b.presence.setState('room/1', principal('ann'), { typing: true }, 5_000);
    await b.presence.setState('room/1', principal('ben'), 'near', 2_000);
    expect(await a.presence.list('room/1', SERVER_PRINCIPAL)).toEqual([
      { user: 'ann', sinceMs: now, state: { typing: true } },
      { user: 'ben', sinceMs: now, state: 'near' },
    ]);
    now += 2_000;
    expect(await names(a.presence)).toEqual(['ann']);
    await a.presence.setState('room/1', principal('ann'), null, 5_000);
    expect(await b.presence.list('room/1', SERVER_PRINCIPAL)).toEqual([
      { user: 'ann', sinceMs: now - 2_000 },
    ]);
  });

  it('[PRES-9] nobody but nodes speaks on the topic of presence', async () => {
    const { hub, presence } = node('a');
    const forged: Announcement = { node: 'a', all: true, joined: [['nobody', 1]] };
    await expect(hub.publish('presence/room/1', forged, principal('mallory'))).rejects.toMatchObject({
      code: 'TOPIC_DENIED',
    });
    expect(await names(presence)).toEqual([]);
  });

  it('[PRES-5] where the bus takes no announcement members go on, and the next one makes up for it', async () => {
    const { hub, presence, bus } = node('a');
    const { append } = bus;
    bus.append = () => Promise.reject(new Error('away'));
    await hub.subscribe('room/1', new Listener('ann'));
    await announced();
    expect(faults).toHaveLength(1);
    bus.append = append;
    expect(await names(presence)).toEqual([]);
    await presence.sayAll();
    expect(await names(presence)).toEqual(['ann']);
  });
});
