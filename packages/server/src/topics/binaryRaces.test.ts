import type { TopicPlace } from '@topgun/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { BinaryClient } from './testing/BinaryClient.js';

const RACES = 1_000;
/** Of them come back on another connection. */
const BROKEN = 200;

let server: ServerCoordinator;
beforeAll(async () => {
  server = new ServerCoordinator({
    port: 0,
    dev: true,
    storage: 'memory',
    logLevel: 'silent',
    drainMs: 50,
    topicNamespaces: [
      { pattern: 'room/*', count: 100_000, ageMs: 600_000, bytes: 64 * 1024 * 1024, durable: false },
    ],
  });
  await server.start();
});
afterAll(() => server.shutdown());

it('[TOP-5] in 1,000 races of subscribing against publishing, over broken connections too, nothing is lost and nothing comes twice', async () => {
  const topic = 'room/1';
  let isOver = false;
  let said = 0;
  const speak = async (): Promise<void> => {
    while (!isOver) {
      // Some accepted before the turn ends, some after.
      for (let i = 0; i < 3; i++) void server.publish(topic, ++said);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  let client = await BinaryClient.connect(server.port, 'racer');
  const speaking = speak();
  const heard: number[] = [];
  let since: TopicPlace | undefined;
  for (let race = 0; race < RACES; race++) {
    client.send({ type: 'TOPIC_SUB', topic, ...(since && { since }) });
    const answer = await client.take('TOPIC_HEARD');
    expect(answer.recovered).toBe(true);
    const before = client;
    if (race % (RACES / BROKEN) === 0) {
      client.socket.terminate();
      client = await BinaryClient.connect(server.port, `racer${race}`);
    } else {
      client.send({ type: 'TOPIC_UNSUB', topic });
      await client.settled();
    }
    // Of a connection that broke only what arrived counts: the rest is told again.
    const messages = before.drain('TOPIC_MSG');
    const last = messages.at(-1) ?? (since === undefined ? answer : undefined);
    if (last?.epoch !== undefined && last.offset !== undefined) since = [last.epoch, last.offset];
    for (const { data } of messages) heard.push(data as number);
  }
  isOver = true;
  await speaking;
  const [first = 0] = heard;
  expect(heard).toEqual(Array.from({ length: heard.length }, (_, at) => first + at));
  expect(heard.length).toBeGreaterThan(RACES);
  client.socket.terminate();
}, 120_000);
