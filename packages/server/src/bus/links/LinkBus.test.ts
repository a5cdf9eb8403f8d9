import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultyWay } from '../../cluster/links/testing/FaultyWay.js';
import type { DatabaseAddress } from '../../storage/postgres/databaseUrl.js';
import { TestDatabases, until } from '../../storage/postgres/testing/testDatabases.js';
import { PostgresLog } from '../../topics/log/PostgresLog.js';
import type { TopicMessage } from '../../topics/ports.js';
import { expectOneOrder, HearingNode, plenty } from '../testing/describeBus.js';
import { JoinedLinks } from './testing/JoinedLinks.js';

const databases = TestDatabases.use();

describe('LinkBus', () => {
  let address: DatabaseAddress;
  let joined: JoinedLinks;
  let nodes: HearingNode[];

  beforeEach(() => {
    address = databases.fresh();
    joined = new JoinedLinks(address, (topic) => !topic.startsWith('live/'));
    nodes = [];
  });
  afterEach(async () => {
    for (const { bus } of nodes) await bus.close();
    await joined.dispose();
  });

  const join = async (id: string, at?: DatabaseAddress): Promise<HearingNode> => {
    const node = new HearingNode(id, joined.bus(id, at));
    nodes.push(node);
    await node.open();
    return node;
  };
  const allHear = (count: number, ...some: HearingNode[]): Promise<void> =>
    until(() => some.every(({ heard }) => heard.length >= count));
  const cut = (): void => {
    for (const { way } of joined.nodes.all) way.cut();
  };

  it('[CLU-52] while links are cut again and again, every node hears all that was accepted, once, in order', async () => {
    const all = [await join('a'), await join('b'), await join('c')];
    const topics = ['t/1', 't/2'];
    for (const node of all) await node.listen(...topics);
    const accepted: TopicMessage[] = [];
    let left = 60;
    await Promise.all(
      all.map(async (node, at) => {
        while (left > 0) {
          left--;
          if (left % 6 === 0) cut();
          accepted.push(await node.bus.append(node.draft(topics[(left + at) % 2] as string), plenty));
        }
      }),
    );
    await allHear(accepted.length, ...all);
    expectOneOrder(all, topics, accepted);
  });

  it('[CLU-52] what a node had accepted and told nobody of, because it died, is heard all the same', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await a.listen('t');
    await b.listen('t');
    const log = new PostgresLog({ address, monoMs: () => performance.now() });
    await log.open();
    const untold = await log.append(a.draft('t', { id: 'untold', node: 'dead' }), plenty);
    const told = await a.bus.append(a.draft('t'), plenty);
    await allHear(2, a, b);
    expect(a.heard).toEqual([untold, told]);
    expect(b.heard).toEqual([untold, told]);
    // The last one of all has none behind it: a link that ends makes the others look.
    await log.append(a.draft('t', { id: 'last', node: 'dead' }), plenty);
    cut();
    await allHear(3, a, b);
    expect(b.ids()).toEqual(['untold', told.id, 'last']);
    await log.close();
  });

  it('[CLU-51] a message goes to nodes that listen, and to no others', async () => {
    const [a, b, c] = [await join('a'), await join('b'), await join('c')];
    await a.listen('t', 'live/t');
    await b.listen('t', 'live/t');
    await c.listen('u');
    const received = (id: string): number => joined.node(id).links.figures().received.topics;
    const before = received('c');
    for (let i = 0; i < 20; i++) {
      a.bus.send(a.draft('live/t'));
      await a.bus.append(a.draft('t'), plenty);
    }
    await allHear(40, a, b);
    await a.bus.append(a.draft('u'), plenty);
    await allHear(1, c);
    expect(received('c') - before).toBe(1);
  });

  it('[CLU-51] after a link was cut, what is listened to is known again', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await a.listen('live/t');
    await b.listen('live/t');
    const links = [joined.node('a').links, joined.node('b').links];
    for (let round = 1; round <= 3; round++) {
      cut();
      await until(() => links.every(({ up }) => up.size === 0));
      await until(() => links.every(({ up }) => up.size === 1));
      // Reading waits until the other side knows.
      await b.bus.read('live/t', undefined, 0);
      a.bus.send(a.draft('live/t'));
      await allHear(round, b);
    }
    expect(b.ids()).toEqual(a.ids());
  });

  it('[CLU-53] what is published under one id at two nodes is one message', async () => {
    const [a, b] = [await join('a'), await join('b')];
    await a.listen('t', 'live/t');
    await b.listen('t', 'live/t');
    const once = a.draft('t', { id: 'once' });
    const [first, second] = await Promise.all([
      a.bus.append(once, plenty),
      b.bus.append({ ...once, node: 'b' }, plenty),
    ]);
    expect([second?.epoch, second?.offset]).toEqual([first?.epoch, first?.offset]);
    await a.bus.append(a.draft('t', { id: 'end' }), plenty);
    await allHear(2, a, b);
    expect([a.ids(), b.ids()]).toEqual([
      ['once', 'end'],
      ['once', 'end'],
    ]);
    const live = a.draft('live/t', { id: 'live' });
    a.bus.send(live);
    await allHear(3, a, b);
    b.bus.send(live);
    b.bus.send(b.draft('live/t', { id: 'later' }));
    await allHear(4, a, b);
    expect([a.ids('live/t'), b.ids('live/t')]).toEqual([
      ['live', 'later'],
      ['live', 'later'],
    ]);
  });

  it('[CLU-54] without the database nothing is accepted, what needs no log goes on, and all heals by itself', async () => {
    const way = await FaultyWay.to(() => address.port);
    const a = await join('a', { ...address, port: way.port, host: '127.0.0.1' });
    const b = await join('b');
    for (const node of [a, b]) await node.listen('t', 'live/t');
    way.close();
    const refused = a.bus.append(a.draft('t'), plenty);
    await until(() => a.bus.status === 'degraded');
    await expect(a.bus.append(a.draft('t'), plenty)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    a.bus.send(a.draft('live/t'));
    await allHear(1, a, b);
    await b.bus.append(b.draft('t', { id: 'of b' }), plenty);
    way.heal();
    // It was begun in time: what became of it is found out.
    const late = await refused;
    await until(() => a.bus.status === 'ok');
    await allHear(3, a, b);
    expect(a.ids('t')).toEqual(['of b', late.id]);
    expect(b.ids('t')).toEqual(['of b', late.id]);
    await way.end();
  });
});
