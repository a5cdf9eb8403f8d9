import { afterEach, describe, expect, it } from 'vitest';
import { BRIDGE_PRINCIPAL } from './bridgePolicy.js';
import { mailboxOf } from './clientId.js';
import { BridgeServer, messagesIn } from './testing/BridgeServer.js';

let server: BridgeServer;
afterEach(() => server.close());

const RACES = 1_000;
const AT_ONCE = 25;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('hearing while others send', () => {
  it('[BRG-17] [S000-11] 1,000 times, over HTTP: no id is missing and none comes twice', async () => {
    server = await new BridgeServer({ bridgeConnectionsPerIpMax: 10_000 }).listen();
    const race = async (n: number): Promise<void> => {
      const ids = [n, n + RACES].map((id) => id.toString(16).padStart(64, '0'));
      const sent: number[] = [];
      const send = async (turns: number): Promise<void> => {
        for (let count = 0; count < 8; count++) {
          const to = ids[count % 2] ?? '';
          const data = { from: to, message: String(count), trace_id: '' };
          const options = { ttlMs: 300_000 };
          sent.push((await server.hub.publish(mailboxOf(to), data, BRIDGE_PRINCIPAL, options)).offset);
          for (let left = turns; left > 0; left--) await turn();
        }
      };
      const sending = send(n % 4);
      for (let left = n % 7; left > 0; left--) await turn();
      const { reader, close } = await server.hear(`client_id=${ids.join()}`);
      await sending;
      await reader.until(({ text }) => messagesIn(text).length >= 8);
      expect([n, messagesIn(reader.text).map(({ id }) => id)]).toEqual([n, sent]);
      close();
    };
    for (let n = 0; n < RACES; n += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => race(n + at)));
  });
});
