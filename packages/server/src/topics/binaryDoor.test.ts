import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { BinaryClient } from './testing/BinaryClient.js';
import { Listener } from './testing/HubRig.js';

let server: ServerCoordinator;
const clients: BinaryClient[] = [];

beforeAll(async () => {
  server = new ServerCoordinator({ port: 0, dev: true, storage: 'memory', logLevel: 'silent', drainMs: 50 });
  await server.start();
});
afterAll(async () => {
  for (const { socket } of clients) socket.terminate();
  await server.shutdown();
});

const subscriptions = async (): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  return Number(/^topgun_topic_subscriptions (\d+)$/m.exec(await response.text())?.[1]);
};

const connect = async (name: string): Promise<BinaryClient> => {
  const client = await BinaryClient.connect(server.port, name);
  clients.push(client);
  return client;
};

describe('the binary door', () => {
  it.each(['news', 'room/1'])(
    '[TOP-1] [S001-1] hears on %s what other doors and the program publish, and is heard there',
    async (topic) => {
      const [ann, ben] = [await connect('ann'), await connect('ben')];
      for (const one of [ann, ben]) {
        one.send({ type: 'TOPIC_SUB', topic });
        await one.settled();
      }
      const program = new Listener('program', ['ADMIN']);
      await server.topics?.subscribe(topic, program);
      await fetch(`http://127.0.0.1:${server.port}/api/topics/${topic}`, {
        method: 'POST',
        body: JSON.stringify({ data: { over: 'HTTP' } }),
      });
      const expected = { type: 'TOPIC_MSG', topic, data: { over: 'HTTP' }, ts: expect.any(Number) };
      expect([await ann.take('TOPIC_MSG'), await ben.take('TOPIC_MSG')]).toMatchObject([expected, expected]);
      await server.publish(topic, 'from the program');
      // The server has no subject; on the wire it goes by the name of its node.
      expect([await ann.take('TOPIC_MSG'), await ben.take('TOPIC_MSG')]).toMatchObject([
        { data: 'from the program', from: server.nodeId },
        { data: 'from the program', from: server.nodeId },
      ]);
      ann.send({ type: 'TOPIC_PUB', topic, data: 'from ann' });
      expect(await ben.take('TOPIC_MSG')).toMatchObject({ data: 'from ann' });
      ben.send({ type: 'TOPIC_PUB', topic, data: 'from ben' });
      expect(await ann.take('TOPIC_MSG')).toMatchObject({ data: 'from ben' });
      expect(program.heard.map(({ data }) => data)).toEqual([
        { over: 'HTTP' },
        'from the program',
        'from ann',
        'from ben',
      ]);
    },
  );

  it('[TOP-3] a socket that goes leaves nothing behind', async () => {
    const before = await subscriptions();
    const cat = await connect('cat');
    cat.send({ type: 'TOPIC_SUB', topic: 'only/cat' });
    await cat.settled();
    expect(await subscriptions()).toBe(before + 1);
    cat.send({ type: 'TOPIC_UNSUB', topic: 'only/cat' });
    await cat.settled();
    expect(await subscriptions()).toBe(before);
  });

  it('[TOP-5] a message says where it is, and who comes back with that place is told what followed, once', async () => {
    const topic = 'room/back';
    const ann = await connect('ann2');
    ann.send({ type: 'TOPIC_SUB', topic });
    expect(await ann.take('TOPIC_HEARD')).toMatchObject({ topic, recovered: true });
    const { epoch, offset, id } = await server.publish(topic, 'first', { name: 'said', id: 'm-1' });
    const first = await ann.take('TOPIC_MSG');
    expect(first).toMatchObject({ id, name: 'said', epoch, offset, data: 'first' });
    ann.socket.terminate();
    await server.publish(topic, 'second');
    const last = await server.publish(topic, 'third');
    const back = await connect('ann3');
    back.send({ type: 'TOPIC_SUB', topic, since: [epoch, offset] });
    expect(await back.take('TOPIC_HEARD')).toEqual({
      type: 'TOPIC_HEARD',
      topic,
      recovered: true,
      epoch: last.epoch,
      offset: last.offset,
    });
    expect(back.drain('TOPIC_MSG').map(({ data }) => data)).toEqual(['second', 'third']);
  });

  it('[TOP-5] who asks for the last messages is told these first; a place of another life is not recovered', async () => {
    const topic = 'room/last';
    for (let n = 0; n < 5; n++) await server.publish(topic, n);
    const ben = await connect('ben2');
    ben.send({ type: 'TOPIC_SUB', topic, last: 2 });
    expect(await ben.take('TOPIC_HEARD')).toMatchObject({ recovered: true });
    expect(ben.drain('TOPIC_MSG').map(({ data }) => data)).toEqual([3, 4]);
    // The same connection begins anew where it says.
    ben.send({ type: 'TOPIC_SUB', topic, since: ['of another life', 7] });
    expect(await ben.take('TOPIC_HEARD')).toMatchObject({ recovered: false });
    expect(ben.drain('TOPIC_MSG').map(({ data }) => data)).toEqual([0, 1, 2, 3, 4]);
    // Without a place it goes on as it is.
    ben.send({ type: 'TOPIC_SUB', topic });
    expect(await ben.take('TOPIC_HEARD')).toMatchObject({ recovered: true });
    expect(ben.drain('TOPIC_MSG')).toEqual([]);
  });

  it('[TOP-5] of a topic without a log nobody can tell what was missed', async () => {
    const cat = await connect('cat2');
    cat.send({ type: 'TOPIC_SUB', topic: 'news' });
    const begun = await cat.take('TOPIC_HEARD');
    expect(begun).toMatchObject({ recovered: true, epoch: '', offset: 0 });
    cat.send({ type: 'TOPIC_SUB', topic: 'news', since: [begun.epoch, begun.offset] });
    expect(await cat.take('TOPIC_HEARD')).toMatchObject({ recovered: false, epoch: '', offset: 0 });
  });

  it('[TOP-5] a long history comes whole, however much of it there is', async () => {
    const topic = 'room/long';
    const dan = await connect('dan2');
    const body = 'x'.repeat(9_000);
    for (let n = 0; n < 100; n++) await server.publish(topic, { n, body });
    dan.send({ type: 'TOPIC_SUB', topic, last: 100 });
    await dan.take('TOPIC_HEARD');
    const heard = dan.drain('TOPIC_MSG').map(({ data }) => (data as { n: number }).n);
    expect(heard).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });
});
