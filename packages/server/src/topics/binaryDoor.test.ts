import { once } from 'node:events';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { Listener } from './testing/HubRig.js';

let server: ServerCoordinator;
const sockets: WebSocket[] = [];

beforeAll(async () => {
  server = new ServerCoordinator({ port: 0, dev: true, storage: 'memory', logLevel: 'silent', drainMs: 50 });
  await server.start();
});
afterAll(async () => {
  for (const socket of sockets) socket.terminate();
  await server.shutdown();
});

const subscriptions = async (): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  return Number(/^topgun_topic_subscriptions (\d+)$/m.exec(await response.text())?.[1]);
};

/** A binary socket that is let in. */
async function connect(name: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
  sockets.push(socket);
  const received: ServerMessage[] = [];
  let wake = (): void => undefined;
  socket.on('message', (bytes) => {
    for (const decoded of decodeTurn(bytes as Buffer)) if (decoded.ok) received.push(decoded.message);
    wake();
  });
  const send = (message: ClientMessage): void => socket.send(encode(message));
  const take = async <T extends ServerMessage['type']>(
    type: T,
  ): Promise<Extract<ServerMessage, { type: T }>> => {
    for (;;) {
      const at = received.findIndex((message) => message.type === type);
      if (at >= 0) return received.splice(at, 1)[0] as Extract<ServerMessage, { type: T }>;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  await once(socket, 'open');
  const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
  send({ type: 'AUTH', versions, clientId: name.padEnd(22, '_'), sessions: [name.padEnd(11, '_')] });
  await take('AUTH_ACK');
  /** Everything sent so far has been handled. */
  const settled = async (): Promise<void> => {
    send({ type: 'PING', id: 7 });
    await take('PONG');
  };
  return { send, take, settled };
}

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
});
