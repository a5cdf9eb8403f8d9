import { CHAIN, SessionCrypto, TonConnect, toUserFriendlyAddress } from '@tonconnect/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BridgeServer, messagesIn } from './testing/BridgeServer.js';

let server: BridgeServer;
afterEach(() => server.close());

/** A wallet reduced to its session: it hears the bridge and answers. */
class Wallet {
  readonly #session = new SessionCrypto();
  readonly #server: BridgeServer;
  #eventId = 0;

  constructor(at: BridgeServer) {
    this.#server = at;
  }

  get id(): string {
    return this.#session.sessionId;
  }

  async send(app: string, message: object): Promise<void> {
    const sealed = this.#session.encrypt(JSON.stringify(message), Buffer.from(app, 'hex'));
    const { status } = await this.#server.post(this.id, app, Buffer.from(sealed).toString('base64'));
    expect(status).toBe(200);
  }

  connected(app: string): Promise<void> {
    const device = {
      platform: 'linux',
      appName: 'wallet',
      appVersion: '1',
      maxProtocolVersion: 2,
      features: ['SendTransaction', { name: 'SendTransaction', maxMessages: 4 }],
    };
    const address = `0:${'1'.repeat(64)}`;
    const item = {
      name: 'ton_addr',
      address,
      network: CHAIN.TESTNET,
      publicKey: '22',
      walletStateInit: '33',
    };
    return this.send(app, {
      event: 'connect',
      id: ++this.#eventId,
      payload: { items: [item], device },
    });
  }

  opened({ from = '', message = '' }: Record<string, string>): unknown {
    return JSON.parse(this.#session.decrypt(Buffer.from(message, 'base64'), Buffer.from(from, 'hex')));
  }
}

function inMemory() {
  const items = new Map<string, string>();
  return {
    setItem: async (key: string, value: string) => void items.set(key, value),
    getItem: async (key: string) => items.get(key) ?? null,
    removeItem: async (key: string) => void items.delete(key),
  };
}

beforeEach(() => {
  // The client tells the console of every message.
  vi.spyOn(console, 'debug').mockReturnValue(undefined);
});

describe('an app with @tonconnect/sdk', () => {
  it('[BRG-14] [BRG-15] [BRG-23] [S000-12] connects, sends and disconnects through the bridge', async () => {
    server = await new BridgeServer().listen();
    const bridgeUrl = `http://127.0.0.1:${server.port}/bridge`;
    const listed = {
      app_name: 'wallet',
      name: 'Wallet',
      image: 'https://wallet.example/image.png',
      about_url: 'https://wallet.example',
      universal_url: 'https://wallet.example/connect',
      bridge: [{ type: 'sse', url: bridgeUrl }],
      platforms: ['linux'],
      features: [{ name: 'SendTransaction', maxMessages: 4 }],
    };
    const app = new TonConnect({
      walletsListSource: `data:application/json,${encodeURIComponent(JSON.stringify([listed]))}`,
      manifestUrl: 'https://app.example/manifest.json',
      storage: inMemory(),
      disableAutoPauseConnection: true,
      analytics: { mode: 'off' },
    });
    const link = app.connect({ universalLink: listed.universal_url, bridgeUrl }) as string;
    const appId = new URL(link).searchParams.get('id') ?? '';
    expect(appId).toMatch(/^[\da-f]{64}$/);

    const wallet = new Wallet(server);
    const { reader } = await server.hear(`client_id=${wallet.id}`);
    const isConnected = new Promise<void>((resolve, reject) => {
      app.onStatusChange((status) => status !== null && resolve(), reject);
    });
    await wallet.connected(appId);
    await isConnected;
    expect(app.wallet?.account.address).toBe(`0:${'1'.repeat(64)}`);

    // Heartbeats and messages interleave; the app keeps its place.
    server.pass(20_000);
    const sent = app.sendTransaction({
      validUntil: Math.floor(Date.now() / 1000) + 60,
      messages: [{ address: toUserFriendlyAddress(`0:${'1'.repeat(64)}`, true), amount: '1' }],
    });
    await Promise.race([sent, reader.until(({ text }) => messagesIn(text).length === 1)]);
    const [request] = messagesIn(reader.text);
    const asked = wallet.opened(request?.data ?? {}) as { readonly id: string; readonly method: string };
    expect(asked.method).toBe('sendTransaction');
    await wallet.send(appId, { id: asked.id, result: 'te6cckEBAQEAAgAAAEysuc0=' });
    expect(await sent).toMatchObject({ boc: 'te6cckEBAQEAAgAAAEysuc0=' });

    await app.disconnect();
    await reader.until(({ text }) => messagesIn(text).length === 2);
    expect(wallet.opened(messagesIn(reader.text)[1]?.data ?? {})).toMatchObject({ method: 'disconnect' });
    expect(app.connected).toBe(false);
    expect(server.logged).toEqual([]);
  });
});
