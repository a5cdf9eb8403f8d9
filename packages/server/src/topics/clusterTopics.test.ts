import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { LinkedNodes } from '../cluster/links/testing/LinkedNodes.js';
import { parseConfig } from '../config/load.js';
import { PermissionPolicy } from '../security/PermissionPolicy.js';
import type { DatabaseAddress } from '../storage/postgres/databaseUrl.js';
import { TestDatabases, until } from '../storage/postgres/testing/testDatabases.js';
import { SERVER_PRINCIPAL } from './serverPrincipal.js';
import { TopicService } from './TopicService.js';
import { Listener, principal } from './testing/HubRig.js';

const databases = TestDatabases.use();
const policies = new PermissionPolicy([{ role: 'user', map: '**', actions: ['READ', 'PUT'] }]);

describe('topics of a cluster without Redis', () => {
  const nodes = new LinkedNodes();
  const services: TopicService[] = [];
  afterEach(async () => {
    for (const service of services.splice(0)) await service.close();
    await nodes.stop();
  });

  const start = async (nodeId: string, address: DatabaseAddress): Promise<TopicService> => {
    const { links } = await nodes.start(nodeId);
    const service = new TopicService({
      config: parseConfig({
        cluster: true,
        nodeId,
        dev: true,
        databaseUrl: 'postgres://127.0.0.1/app',
        bridge: true,
      }),
      store: databases.store(address),
      nodeId,
      wallMs: () => Date.now(),
      logger: pino({ level: 'silent' }),
      metrics: () => ({
        bus: { busPublished: () => undefined, busHeard: () => undefined, redisAnswered: () => undefined },
      }),
      policies: () => ({ inForce: policies, denied: () => undefined }) as never,
      links,
      onFatal: (error) => {
        throw error;
      },
    });
    services.push(service);
    await service.open();
    nodes.introduce(...nodes.all);
    await until(() => nodes.all.every((node) => node.links.up.size === nodes.all.length - 1));
    return service;
  };
  const two = async (): Promise<readonly [TopicService, TopicService, DatabaseAddress]> => {
    const address = databases.fresh();
    return [await start('a', address), await start('b', address), address];
  };

  it('[CLU-50] [HUB-3] who subscribes at any node hears the history and what follows, once', async () => {
    const [a, b] = await two();
    const early = new Listener('ann');
    await b.topics()?.subscribe('room/1', early);
    for (let i = 0; i < 5; i++) await a.topics()?.publish('room/1', i, SERVER_PRINCIPAL);
    const late = new Listener('ben');
    await b.topics()?.subscribe('room/1', late, { history: 3 });
    for (let i = 5; i < 10; i++) await a.topics()?.publish('room/1', i, SERVER_PRINCIPAL);
    await until(() => early.heard.length >= 10 && late.heard.length >= 8);
    expect(early.heard.map(({ data }) => data)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(late.heard.map(({ data }) => data)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(a.redis).toBe('off');
    expect(a.figures().bus).toMatchObject({ status: 'ok', published: 10, connections: 1 });
  });

  it('[CLU-50] [PRES-1] who is in a room on one node is listed on every node', async () => {
    const [a, b] = await two();
    const ann = new Listener('ann');
    await b.topics()?.subscribe('room/2', ann);
    const users = async (): Promise<string> => {
      const present = (await a.presence()?.presence.list('room/2', principal('ann'))) ?? [];
      return present.map(({ user }) => user).join();
    };
    await until(async () => (await users()) === 'ann');
    b.topics()?.unsubscribe('room/2', ann);
    await until(async () => (await users()) === '');
  });

  it('[CLU-50] [MBX-1] a mailbox is the same at every node, and stays when all of them are gone', async () => {
    const [a, b, address] = await two();
    const posted = await a.topics()?.publish('mailbox/x', 'sealed', SERVER_PRINCIPAL);
    const read = await b.topics()?.history('mailbox/x', SERVER_PRINCIPAL, undefined, 10);
    expect(read?.messages).toEqual([posted]);
    for (const service of services.splice(0)) await service.close();
    await nodes.stop();
    const c = await start('c', address);
    const later = await c.topics()?.history('mailbox/x', SERVER_PRINCIPAL, undefined, 10);
    expect(later?.messages).toEqual([posted]);
  });
});
