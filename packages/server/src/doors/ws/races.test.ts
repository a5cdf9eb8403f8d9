import { afterEach, beforeEach, expect, it } from 'vitest';
import { SERVER_PRINCIPAL } from '../../topics/serverPrincipal.js';
import { DoorRig } from './testing/DoorRig.js';
import { type Told, toldBy } from './testing/JsonClient.js';

const RACES = 1_000;

interface Place {
  readonly epoch: string;
  readonly offset: number;
}
const placeOf = ({ epoch, offset }: Pick<Told, 'epoch' | 'offset'>): Place => {
  if (epoch === undefined || offset === undefined) throw new Error('It does not say where it stands.');
  return { epoch, offset };
};

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
  let since: Place | undefined;
  let began = 0;
  for (let race = 0; race < RACES; race++) {
    client.send({ type: 'subscribe', topic: 'room/1', ...(since && { since }), message_id: `s${race}` });
    const answer = await client.find(({ reply_to }) => reply_to === `s${race}`);
    const place = toldBy(answer);
    expect(place.recovered).toBe(true);
    client.send({ type: 'unsubscribe', topic: 'room/1', message_id: `u${race}` });
    await client.find(({ reply_to }) => reply_to === `u${race}`);
    const messages = client.drain('message');
    const last = messages.at(-1);
    if (last !== undefined) since = placeOf(last);
    else since ??= placeOf(place);
    for (const { payload } of messages) heard.push(Number(payload));
    if (began === 0) began = heard[0] ?? 0;
  }
  isOver = true;
  await speaking;
  expect(heard).toEqual(Array.from({ length: heard.length }, (_, i) => began + i));
  expect(heard.length).toBeGreaterThan(RACES);
}, 60_000);
