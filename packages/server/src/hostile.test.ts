import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ClientMessage, encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ServerCoordinator } from './ServerCoordinator.js';

const GOOD = 10;
const HOSTILE = 100;
const HANDSHAKE =
  'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

let server: ServerCoordinator;
let port: number;
beforeEach(async () => {
  const config = { dev: true, port: 0, storage: 'memory', logLevel: 'silent' } as const;
  server = new ServerCoordinator(config, { limits: { authTimeoutMs: 4_000 } });
  ({ port } = await server.start());
});
afterEach(() => server.shutdown());

/** A client that has signed in: `write` resolves when its op is answered. */
async function goodClient(index: number): Promise<{ write(): Promise<void>; close(): void }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.binaryType = 'nodebuffer';
  const session = `good-${index}`.padEnd(11, '_');
  const send = (message: ClientMessage): void => socket.send(encode(message));
  const answers = new Map<number, () => void>();
  let incarnation = '';
  const known = new Promise<void>((resolve, reject) => {
    socket.on('close', (code) => reject(new Error(`a good client was closed with ${code}`)));
    socket.on('message', (data) => {
      for (const decoded of decodeTurn(data as Buffer)) {
        if (!decoded.ok) throw new Error(decoded.code);
        const { message } = decoded;
        if (message.type === 'AUTH_ACK') {
          ({ incarnation } = message);
          resolve();
        } else if (message.type === 'OP_ACK') {
          for (const [seq] of message.spans) answers.get(seq)?.();
        }
      }
    });
  });
  await once(socket, 'open');
  const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
  send({
    type: 'AUTH',
    versions: [...versions],
    clientId: `good-client-${index}`.padEnd(22, '_'),
    sessions: [session],
  });
  await known;
  let seq = 0;
  return {
    write: () =>
      new Promise((resolve) => {
        seq++;
        answers.set(seq, resolve);
        send({
          type: 'OPS',
          session,
          settledBelow: seq,
          incarnation,
          concern: 4,
          maps: ['m'],
          rows: [[seq, 0, 0, `k${index}`, Date.now() * 2048, null, seq]],
        });
      }),
    close: () => socket.terminate(),
  };
}

/** A stranger; `gone` resolves when the server has cut it. */
async function stranger(kind: 'slow' | 'silent' | 'garbage'): Promise<{ readonly gone: Promise<unknown> }> {
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const gone = once(socket, 'close');
  await once(socket, 'connect');
  socket.resume();
  if (kind === 'slow') {
    const timer = setInterval(() => socket.write('x'), 100);
    socket.write('GET / HTTP/1.1\r\nX: ');
    void gone.then(() => clearInterval(timer));
  } else {
    socket.write(`${HANDSHAKE}\r\n`);
    await once(socket, 'data');
    if (kind === 'garbage') {
      // Masked, and a length that fits; what is in it is no message.
      socket.write(Buffer.concat([Buffer.from([0x82, 0x90, 0, 0, 0, 0]), Buffer.alloc(16, 0xc1)]));
    }
    // A polite end of the close: else the server waits for it for three seconds.
    socket.on('data', () => socket.end());
  }
  return { gone };
}

describe('strangers who mean no good', () => {
  it('[LMT-13] are all cut, and keep no client from being answered', async () => {
    const clients = await Promise.all(Array.from({ length: GOOD }, (_, i) => goodClient(i)));
    const kinds = ['slow', 'silent', 'garbage'] as const;
    const strangers = await Promise.all(
      Array.from({ length: HOSTILE }, (_, i) => stranger(kinds[i % 3] ?? 'slow')),
    );
    let areGone = false;
    const gone = Promise.all(strangers.map((one) => one.gone)).then(() => {
      areGone = true;
    });
    let rounds = 0;
    while (!areGone) {
      await Promise.all(clients.map((client) => client.write()));
      rounds++;
    }
    await gone;
    expect(rounds).toBeGreaterThan(1);
    expect(server.stats()).toMatchObject({ connections: GOOD, authenticated: GOOD });
    const hit = server.stats()?.limitsHit;
    expect(hit?.get('authTimeoutMs')).toBe(33);
    expect(server.stats()?.refused.get('BAD_FRAME')).toBe(33);
    for (const client of clients) client.close();
  });
});
