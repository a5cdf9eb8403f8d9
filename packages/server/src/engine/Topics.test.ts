import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

const subscribe = (device: TestDevice, topic: string): void => device.send({ type: 'TOPIC_SUB', topic });
const publish = (device: TestDevice, topic: string, data: unknown): void =>
  device.send({ type: 'TOPIC_PUB', topic, data });

describe('topics', () => {
  it('[TOP-1] a message reaches every subscriber but its sender, in one shared frame', () => {
    const node = new TestNode();
    const devices = [node.device('ann'), node.device('ben'), node.device('cat')];
    for (const device of devices) subscribe(device, 'news');
    publish(devices[0] as TestDevice, 'news', { n: 1 });
    expect(devices.map((device) => device.all('TOPIC_MSG'))).toEqual([
      [],
      [
        {
          type: 'TOPIC_MSG',
          topic: 'news',
          data: { n: 1 },
          from: 'ann',
          ts: node.now,
          id: expect.any(String),
        },
      ],
      [
        {
          type: 'TOPIC_MSG',
          topic: 'news',
          data: { n: 1 },
          from: 'ann',
          ts: node.now,
          id: expect.any(String),
        },
      ],
    ]);
    expect(
      node.sent.filter(({ message }) => message.type === 'TOPIC_MSG').every(({ isShared }) => isShared),
    ).toBe(true);
  });

  it('[TOP-2] nobody hears a topic without READ or speaks on it without PUT', () => {
    const policies: Policy[] = [{ role: 'user', map: 'topic:room/*', actions: ['READ'] }];
    const node = new TestNode({ policies });
    const [ann, ben] = [node.device('ann'), node.device('ben')];
    subscribe(ann, 'room/1');
    subscribe(ann, 'staff');
    publish(ben, 'room/1', 'hello');
    expect(ann.last('ERROR')).toMatchObject({ code: 'DENIED', ref: 'topic staff' });
    expect(ben.last('ERROR')).toMatchObject({ code: 'DENIED', ref: 'topic room/1' });
    expect(ann.all('TOPIC_MSG')).toEqual([]);
  });

  it('[TOP-2] a message is read through the view of each subscriber', () => {
    const node = new TestNode({
      policies: [
        { role: 'admin', map: '**', actions: ['READ', 'PUT'] },
        {
          role: 'guest',
          map: 'topic:news',
          actions: ['READ'],
          where: { op: 'eq', path: 'open', value: true },
          fields: ['open', 'text'],
        },
      ],
    });
    const [root, gil] = [node.device('root', { roles: ['admin'] }), node.device('gil', { roles: ['guest'] })];
    subscribe(gil, 'news');
    publish(root, 'news', { open: true, text: 'hi', by: 'SECRET' });
    publish(root, 'news', { open: false, text: 'SECRET' });
    expect(gil.all('TOPIC_MSG').map(({ data }) => data)).toEqual([{ open: true, text: 'hi' }]);
  });

  it('[TOP-3] ends with the subscription, the connection, or the right', () => {
    const node = new TestNode();
    const [ann, ben, cat, dan] = [
      node.device('ann'),
      node.device('ben'),
      node.device('cat'),
      node.device('dan', { roles: ['user', 'vip'] }),
    ];
    for (const device of [ben, cat, dan]) subscribe(device, 'news');
    ben.send({ type: 'TOPIC_UNSUB', topic: 'news' });
    node.engine.closed(cat.conn, node.now);
    node.engine.setPolicies([{ role: 'user', map: 'topic:news', actions: ['PUT'] }], node.now);
    expect(dan.last('ERROR')).toMatchObject({ code: 'DENIED', ref: 'topic news' });
    publish(ann, 'news', 1);
    expect(node.sent.some(({ message }) => message.type === 'TOPIC_MSG')).toBe(false);
    expect(node.engine.stats().topics).toBe(0);
  });
});
