import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../local/redisProcesses.js';
import { type RedisTopology, startCluster, startSingle } from '../../local/redisTopologies.js';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { SERVER_PRINCIPAL } from '../serverPrincipal.js';
import { Listener } from '../testing/HubRig.js';
import { type RoomEnvelope, RoomHub } from './RoomHub.js';

const topologies: readonly [name: string, start: (() => Promise<RedisTopology>) | undefined][] = [
  ['one node without Redis', undefined],
  ['two nodes over one Redis', startSingle],
  ['two nodes over a Redis Cluster', startCluster],
];

describe.each(topologies)('rooms: %s', (_, startRedis) => {
  let redis: RedisTopology | undefined;
  const servers: ServerCoordinator[] = [];

  const started = async (nodeId: string, redisPrefix = 'rooms'): Promise<ServerCoordinator> => {
    const server = new ServerCoordinator({
      port: 0,
      dev: true,
      storage: 'memory',
      logLevel: 'silent',
      drainMs: 50,
      nodeId,
      ...(redis && { ...redis.config, redisPrefix }),
    });
    servers.push(server);
    await server.start();
    return server;
  };
  /** A client asks the one, the other serves it; without Redis they are the same. */
  let a: ServerCoordinator;
  let b: ServerCoordinator;

  beforeAll(async () => {
    redis = await startRedis?.();
    a = await started('a');
    b = redis === undefined ? a : await started('b');
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.shutdown()));
    await redis?.dispose();
  });

  it('[ROOM-2] [S004-1] [S004-2] [S004-4] [S004-8] [S004-11] an event is heard once on every node, by the same calls', async () => {
    const [here, there] = [new RoomHub(a), new RoomHub(b)];
    const heard: RoomEnvelope[][] = [[], []];
    await here.subscribe('1', (event) => heard[0]?.push(event));
    await there.subscribe('1', (event) => heard[1]?.push(event));
    const first = await here.publishRoomEvent('1', { n: 1 }, { messageId: 'e1' });
    const second = await there.publishRoomEvent('1', { n: 2 });
    // The envelope is sent again, on the other node.
    await there.publishRoomEvent('1', { n: 1 }, { messageId: 'e1' });
    const last = await here.publishRoomEvent('1', { n: 3 });
    await eventually('both have heard the last event', async () =>
      heard.every((list) => list.at(-1)?.message_id === last.message_id),
    );
    expect(heard).toEqual([
      [first, second, last],
      [first, second, last],
    ]);
    expect(first.node_id).toBe('a');
  });

  it('[PRES-1] who is in a room on one node is listed on every node', async () => {
    const ann = new Listener('ann', ['ADMIN']);
    await b.topics?.subscribe('room/2', ann);
    const users = async (): Promise<string> => {
      const { port } = a;
      const response = await fetch(`http://127.0.0.1:${port}/api/presence/room/2`);
      const { present } = (await response.json()) as {
        readonly present: readonly { readonly user: string }[];
      };
      return present.map(({ user }) => user).join();
    };
    await eventually('ann is listed', async () => (await users()) === 'ann');
    b.topics?.unsubscribe('room/2', ann);
    await eventually('ann is listed no more', async () => (await users()) === '');
  });

  it.each(startRedis === undefined ? [] : ['other'])(
    '[ROOM-2] [S004-2] deployments with different prefixes do not hear each other',
    async (prefix) => {
      const stranger = await started('c', prefix);
      const heard: unknown[] = [];
      await new RoomHub(stranger).subscribe('1', ({ event }) => heard.push(event));
      const { message_id } = await new RoomHub(a).publishRoomEvent('1', 'ours');
      await new RoomHub(stranger).publishRoomEvent('1', 'theirs');
      await eventually('the stranger has heard its own', async () => heard.length > 0);
      expect(heard).toEqual(['theirs']);
      const all = await a.topics?.history('room/1', SERVER_PRINCIPAL, { epoch: '', offset: 0 }, 100);
      expect(all?.messages.at(-1)).toMatchObject({ id: message_id, data: 'ours' });
      expect(all?.messages.some(({ data }) => data === 'theirs')).toBe(false);
    },
  );
});
