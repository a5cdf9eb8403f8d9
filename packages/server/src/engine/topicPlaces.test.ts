import type { ServerMessage } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { HubRig, principal } from '../topics/testing/HubRig.js';
import { Connection } from './Connection.js';
import { Gate } from './Gate.js';
import type { ServerEffects } from './ports.js';
import { Tally } from './Tally.js';
import { Topics } from './Topics.js';
import { ALL } from './testing/TestNode.js';

/** Connections before a hub whose log answers when the test says so. */
function rigged() {
  const rig = new HubRig();
  const sent: ServerMessage[] = [];
  const tally = new Tally();
  const effects: Pick<ServerEffects, 'send' | 'sendShared'> = {
    send: (_, message) => sent.push(message),
    sendShared: (_, message) => sent.push(message),
  };
  // They send, and do nothing else.
  const topics = new Topics(effects as ServerEffects, new Gate(ALL), tally, () => rig.hub);
  const conn = new Connection(1, 'test', 0);
  conn.principal = principal('ann');
  const take = (): unknown[] =>
    sent
      .splice(0)
      .map((message) =>
        message.type === 'TOPIC_MSG'
          ? message.data
          : message.type === 'TOPIC_HEARD'
            ? { recovered: message.recovered, over: message.over === true }
            : message,
      );
  return { rig, topics, conn, tally, take };
}
const TOLD = { recovered: true, over: false };
const LOST = { recovered: false, over: false };

describe('places of connections in topics', () => {
  it('[FLOW-4] who was behind is told what followed, in order and once, and not that it was behind', async () => {
    const { rig, topics, conn, tally, take } = rigged();
    topics.subscribe(conn, { type: 'TOPIC_SUB', topic: 'room/1' });
    await rig.settle();
    await rig.publish('room/1', 1);
    topics.pressed(conn, true);
    for (const n of [2, 3]) await rig.publish('room/1', n);
    expect(take()).toEqual([TOLD, 1]);
    topics.pressed(conn, false);
    const fourth = rig.publish('room/1', 4);
    await rig.settle();
    await fourth;
    expect(take()).toEqual([2, 3, 4]);
    await rig.publish('room/1', 5);
    expect(take()).toEqual([5]);
    expect(tally.topicDrops).toBe(0);
  });

  it('[FLOW-4] behind once more while it is told what it missed', async () => {
    const { rig, topics, conn, take } = rigged();
    topics.subscribe(conn, { type: 'TOPIC_SUB', topic: 'room/1' });
    await rig.settle();
    await rig.publish('room/1', 0);
    topics.pressed(conn, true);
    await rig.publish('room/1', 1);
    topics.pressed(conn, false);
    topics.pressed(conn, true);
    await rig.settle();
    await rig.publish('room/1', 2);
    expect(take()).toEqual([TOLD, 0]);
    topics.pressed(conn, false);
    await rig.settle();
    expect(take()).toEqual([1, 2]);
  });

  it('[FLOW-4] messages of a topic without a log are dropped and counted', async () => {
    const { rig, topics, conn, tally, take } = rigged();
    topics.subscribe(conn, { type: 'TOPIC_SUB', topic: 'news' });
    topics.pressed(conn, true);
    rig.say('news', 1);
    topics.pressed(conn, false);
    rig.say('news', 2);
    expect(take()).toEqual([TOLD, 2]);
    expect(tally.topicDrops).toBe(1);
  });

  it('[TOP-5] is told of losses that nobody can make up for, and of the end of its subscription', async () => {
    const { rig, topics, conn, take } = rigged();
    topics.subscribe(conn, { type: 'TOPIC_SUB', topic: 'room/1' });
    await rig.settle();
    rig.hub.lost('room/1');
    expect(take()).toEqual([TOLD, LOST]);
    rig.hub.close();
    expect(take()).toEqual([{ recovered: false, over: true }]);
    expect(topics.countOf(conn)).toBe(0);
  });

  it('[TOP-5] an answer that comes after another subscription, or after its end, is nobody’s', async () => {
    const { rig, topics, conn, take } = rigged();
    for (const last of [1, 2]) topics.subscribe(conn, { type: 'TOPIC_SUB', topic: 'room/1', last });
    await rig.settle();
    expect(take()).toEqual([TOLD]);
    topics.subscribe(conn, { type: 'TOPIC_SUB', topic: 'room/2' });
    topics.unsubscribeAll(conn);
    await rig.settle();
    expect(take()).toEqual([]);
    expect(rig.hub.stats().subscriptions).toBe(0);
  });

  it('[TOP-2] a room that is full, and data that no message can hold, are called by their names', async () => {
    const { rig, topics, conn, take } = rigged();
    topics.subscribe(conn, { type: 'TOPIC_SUB', topic: 'room/1', state: 'x'.repeat(2_000) });
    topics.publish(conn, { type: 'TOPIC_PUB', topic: 'room/1', data: 1, name: 'two\nlines' });
    await rig.settle();
    expect(take()).toMatchObject([
      { code: 'VALUE_NOT_ADMITTED', ref: 'topic room/1' },
      { code: 'VALUE_NOT_ADMITTED', ref: 'topic room/1' },
    ]);
    expect(topics.countOf(conn)).toBe(0);
  });
});
