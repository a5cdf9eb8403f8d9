import { afterEach, beforeEach, expect, it } from 'vitest';
import { SERVER_PRINCIPAL } from '../../topics/serverPrincipal.js';
import { DoorRig } from './testing/DoorRig.js';

const RACES = 1_000;
let rig: DoorRig;
beforeEach(async () => {
  const retention = { count: 100_000, ageMs: 600_000, bytes: 64 * 1024 * 1024, durable: false };
  rig = await DoorRig.open({
    namespaces: [{ pattern: 'room/*', retention }],
    config: { wsMessagesPerConnectionMax: 100_000, wsMessagesPerUserMax: 100_000 },
  });
});
afterEach(() => rig.close());

it('[WSJ-12] in 1,000 races of joining against publishing nothing is lost and nothing comes twice', async () => {
  const client = await rig.connect();
  let isOver = false;
  let said = 0;
  const speak = async (): Promise<void> => {
    while (!isOver) {
      // Some accepted before the turn ends, some after.
      for (let i = 0; i < 3; i++) void rig.hub.publish('room/1', ++said, SERVER_PRINCIPAL);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const speaking = speak();
  const heard: number[] = [];
  let since: { readonly epoch: string; readonly offset: number } | undefined;
  let began = 0;
  for (let race = 0; race < RACES; race++) {
    client.send({ type: 'subscribe', topic: 'room/1', ...(since && { since }), message_id: `s${race}` });
    const answer = await client.find(({ reply_to }) => reply_to === `s${race}`);
    expect(answer.payload.recovered).toBe(true);
    client.send({ type: 'unsubscribe', topic: 'room/1', message_id: `u${race}` });
    await client.find(({ reply_to }) => reply_to === `u${race}`);
    const messages = client.drain('message');
    const last = messages.at(-1);
    if (last?.epoch !== undefined && last.offset !== undefined)
      since = { epoch: last.epoch, offset: last.offset };
    else since ??= answer.payload;
    for (const { payload } of messages) heard.push(payload);
    if (began === 0) began = heard[0] ?? 0;
  }
  isOver = true;
  await speaking;
  expect(heard).toEqual(Array.from({ length: heard.length }, (_, i) => began + i));
  expect(heard.length).toBeGreaterThan(RACES);
}, 60_000);
