import { describe, expect, it } from 'vitest';
import type { WebSocketConstructor, WebSocketLike } from './loadWebSocket.js';
import { SingleServerProvider } from './SingleServerProvider.js';

class FakeSocket implements WebSocketLike {
  static all: FakeSocket[] = [];
  binaryType = 'blob';
  readyState = 0;
  onopen: WebSocketLike['onopen'] = null;
  onmessage: WebSocketLike['onmessage'] = null;
  onclose: WebSocketLike['onclose'] = null;
  onerror: WebSocketLike['onerror'] = null;
  readonly sent: Uint8Array[] = [];
  readonly closedWith: (number | undefined)[] = [];
  readonly url: string;

  constructor(url: string) {
    if (url === 'ws://bad') throw new SyntaxError('bad url');
    this.url = url;
    FakeSocket.all.push(this);
  }

  send(data: Uint8Array): void {
    this.sent.push(data);
  }

  close(code?: number): void {
    this.closedWith.push(code);
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.(undefined as never);
  }
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

function make(url = 'ws://server'): { provider: SingleServerProvider; log: string[]; sockets: FakeSocket[] } {
  FakeSocket.all = [];
  const provider = new SingleServerProvider({ url, webSocket: FakeSocket as WebSocketConstructor });
  const log: string[] = [];
  provider.on('connected', () => log.push('connected'));
  provider.on('disconnected', ({ code }) => log.push(`disconnected ${code}`));
  provider.on('message', (frame) => log.push(`message ${frame.join()}`));
  return { provider, log, sockets: FakeSocket.all };
}

describe('SingleServerProvider', () => {
  it('opens, moves binary frames both ways, and reports the close', async () => {
    const { provider, log, sockets } = make();
    provider.connect();
    await settle();
    const [socket] = sockets as [FakeSocket];
    expect(socket.binaryType).toBe('arraybuffer');
    provider.send(new Uint8Array([9]));
    socket.open();
    expect(provider.isConnected()).toBe(true);
    provider.send(new Uint8Array([1]));
    socket.onmessage?.({ data: new Uint8Array([2, 3]).buffer });
    socket.onmessage?.({ data: 'text is nothing to us' });
    socket.onclose?.({ code: 1001, reason: '' });
    expect(socket.sent).toEqual([new Uint8Array([1])]);
    expect(log).toEqual(['connected', 'message 2,3', 'disconnected 1001']);
    expect(provider.isConnected()).toBe(false);
  });

  it('its own close is reported at once, without waiting for the peer, and only once', async () => {
    const { provider, log, sockets } = make();
    provider.connect();
    await settle();
    const [socket] = sockets as [FakeSocket];
    socket.open();
    provider.close(4400);
    expect(log).toEqual(['connected']);
    await settle();
    socket.onmessage?.({ data: new ArrayBuffer(1) });
    socket.onclose?.({ code: 1006, reason: '' });
    expect(log).toEqual(['connected', 'disconnected 4400']);
    expect(socket.closedWith).toEqual([4400]);
  });

  it('a code that a page may not send becomes 1000 on the wire', async () => {
    const { provider, log, sockets } = make();
    provider.connect();
    await settle();
    provider.close(1001);
    await settle();
    expect(sockets[0]?.closedWith).toEqual([1000]);
    expect(log).toEqual(['disconnected 1001']);
  });

  it('a new attempt makes the events of the old one void', async () => {
    const { provider, log, sockets } = make();
    provider.connect();
    await settle();
    provider.connect();
    await settle();
    const [first, second] = sockets as [FakeSocket, FakeSocket];
    first.open();
    first.onclose?.({ code: 1006, reason: '' });
    second.open();
    expect(log).toEqual(['connected']);
  });

  it('close and connect in one turn report only the new attempt', async () => {
    const { provider, log, sockets } = make();
    provider.connect();
    await settle();
    provider.close();
    provider.connect();
    await settle();
    sockets[1]?.open();
    expect(log).toEqual(['connected']);
  });

  it('a socket that cannot even be made is a connection that was lost', async () => {
    const { provider, log } = make('ws://bad');
    provider.connect();
    expect(log).toEqual([]);
    await settle();
    expect(log).toEqual(['disconnected 1006']);
  });
});
