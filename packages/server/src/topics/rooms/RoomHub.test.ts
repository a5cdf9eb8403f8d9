import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { createLogger } from '../../utils/logger.js';
import { HubRig, Listener } from '../testing/HubRig.js';
import { type RoomEnvelope, RoomHub } from './RoomHub.js';
import { Rooms } from './Rooms.js';

const limits = {
  roomMembersMax: 2,
  roomsPerUserMax: 10,
  roomMembersTotalMax: 100,
  roomIdleMs: 1_000,
  roomMaxMs: 0,
};
const envelope = z.strictObject({
  node_id: z.literal('node-1'),
  message_id: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  timestamp: z.int().positive(),
  event: z.unknown(),
});

describe('RoomHub', () => {
  const servers: ServerCoordinator[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.shutdown();
  });

  const started = async (settings: object = {}): Promise<ServerCoordinator> => {
    const server = new ServerCoordinator(
      { host: '127.0.0.1', port: 0, dev: true, storage: 'memory', nodeId: 'node-1', ...settings },
      { logger: createLogger('silent') },
    );
    servers.push(server);
    await server.start();
    return server;
  };

  it('[ROOM-1] [S004-5] [S004-7] an event reaches those in its room, in an envelope of four fields', async () => {
    const rooms = new RoomHub(await started());
    const heard: RoomEnvelope[][] = [[], [], []];
    const listen = (roomId: string, list: RoomEnvelope[] = []): ReturnType<RoomHub['subscribe']> =>
      rooms.subscribe(roomId, (event) => list.push(event));
    const first = await listen('1', heard[0]);
    await listen('1', heard[1]);
    await listen('2', heard[2]);
    const sent = await rooms.publishRoomEvent('1', { type: 'chat', text: 'hello' });
    expect(envelope.parse(sent)).toEqual(sent);
    expect(heard).toEqual([[sent], [sent], []]);
    first.leave();
    await rooms.publishRoomEvent('1', null);
    expect(heard.map((list) => list.length)).toEqual([1, 2, 0]);
  });

  it('[ROOM-3] [S004-8] an event that comes again under its id is heard once', async () => {
    const rooms = new RoomHub(await started());
    const heard: RoomEnvelope[] = [];
    await rooms.subscribe('1', (event) => heard.push(event));
    const sent = await rooms.publishRoomEvent('1', 'once', { messageId: 'e1' });
    expect(await rooms.publishRoomEvent('1', 'once', { messageId: 'e1' })).toEqual(sent);
    expect(heard).toEqual([sent]);
    await rooms.publishRoomEvent('2', 'other', { messageId: 'e1' });
    await rooms.publishRoomEvent('1', 'next', { messageId: 'e2' });
    expect(heard.map(({ event }) => event)).toEqual(['once', 'next']);
  });

  it('[ROOM-1] who comes back hears what it has missed', async () => {
    const rooms = new RoomHub(await started());
    const heard: unknown[] = [];
    const listening = await rooms.subscribe('1', ({ event }) => heard.push(event));
    await rooms.publishRoomEvent('1', 'a');
    listening.leave();
    await rooms.publishRoomEvent('1', 'b');
    const { position } = await rooms.subscribe('1', () => undefined, { history: 2 });
    await rooms.publishRoomEvent('1', 'c');
    const back = await rooms.subscribe('1', ({ event }) => heard.push(event), { since: position });
    expect(back.recovered).toBe(true);
    expect(heard).toEqual(['a', 'c']);
    const last: unknown[] = [];
    await rooms.subscribe('1', ({ event }) => last.push(event), { history: 2 });
    expect(last).toEqual(['b', 'c']);
  });

  it('[ROOM-4] a broadcast is heard on the topic global', async () => {
    const server = await started();
    const rooms = new RoomHub(server);
    const listener = new Listener('ann', ['ADMIN']);
    await server.topics?.subscribe('global', listener);
    const { message_id } = await rooms.broadcast({ notice: 'closing' }, { name: 'notice' });
    expect(listener.heard).toMatchObject([{ id: message_id, name: 'notice', data: { notice: 'closing' } }]);
  });

  it('[ROOM-1] what names no room is refused, and so is a server that does not run', async () => {
    const server = await started();
    const rooms = new RoomHub(server);
    for (const id of ['', 'a/b', 'ä', '*', 'x'.repeat(129)])
      await expect(async () => rooms.publishRoomEvent(id, 1)).rejects.toMatchObject({
        code: 'TOPIC_INVALID',
      });
    await rooms.publishRoomEvent('x'.repeat(128), 1);
    await server.shutdown();
    await expect(rooms.publishRoomEvent('1', 1)).rejects.toMatchObject({ code: 'SERVER_STATE' });
  });

  it('[ROOM-5] [S004-9] the limits of the settings hold through the hub, whoever enters by which door', async () => {
    const server = await started({ roomMembersMax: 2 });
    const rooms = new RoomHub(server);
    const listening = await rooms.subscribe('1', () => undefined);
    const listener = new Listener('ann', ['ADMIN']);
    await server.topics?.subscribe('room/1', listener);
    // Who subscribes again is in the room already.
    await server.topics?.subscribe('room/1', listener);
    await expect(rooms.subscribe('1', () => undefined)).rejects.toMatchObject({ code: 'ROOM_FULL' });
    listening.leave();
    await rooms.subscribe('1', () => undefined);
  });

  it('[ROOM-6] [S004-9] members of a silent room are put out, and may enter again', async () => {
    const rig = new HubRig({ rooms: new Rooms(limits) });
    const member = new Listener('ann');
    await rig.finish(rig.hub.subscribe('room/1', member));
    rig.now += 900;
    await rig.publish('room/1', 'hello');
    rig.now += 900;
    rig.hub.putOut();
    expect(member.ends).toEqual([]);
    rig.now += 100;
    rig.hub.putOut();
    expect(member.ends).toEqual([['room/1', 'CLOSED']]);
    expect(rig.hub.stats().subscriptions).toBe(0);
    await rig.finish(rig.hub.subscribe('room/1', member));
    await rig.publish('room/1', 'again');
    expect(member.heard.map(({ data }) => data)).toEqual(['hello', 'again']);
  });

  it('[ROOM-5] who may not hear a room takes no place in it', async () => {
    const rig = new HubRig({
      rooms: new Rooms(limits),
      policies: [{ role: 'user', map: '**', actions: ['READ'] }],
    });
    for (let i = 0; i < 3; i++)
      await expect(rig.hub.subscribe('room/1', new Listener('x', ['nobody']))).rejects.toMatchObject({
        code: 'TOPIC_DENIED',
      });
    await rig.finish(rig.hub.subscribe('room/1', new Listener('ann')));
    await rig.finish(rig.hub.subscribe('room/1', new Listener('ben')));
    await expect(rig.hub.subscribe('room/1', new Listener('cat'))).rejects.toMatchObject({
      code: 'ROOM_FULL',
    });
  });
});
