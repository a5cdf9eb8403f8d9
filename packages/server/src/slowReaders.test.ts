import { once } from 'node:events';
import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ServerCoordinator } from './ServerCoordinator.js';

const KEYS = 4;
const WRITES = 300;
/** Together far more than the buffers of the system hold for one socket. */
const PAD = 'x'.repeat(50_000);

let server: ServerCoordinator;

beforeEach(async () => {
  const config = { port: 0, dev: true, storage: 'memory', logLevel: 'silent', drainMs: 200 } as const;
  // The bare sockets send no heartbeats.
  server = new ServerCoordinator(config, { limits: { deadMs: 600_000 } });
  await server.start();
});
afterEach(() => server.shutdown());

/** A bare socket that follows a map and notes the last version of each record. */
class Reader {
  readonly socket: WebSocket;
  readonly versions = new Map<string, number>();
  readonly errors: string[] = [];
  rows = 0;
  answered = 0;
  incarnation = '';
  readonly session: string;
  #heard: () => void = () => undefined;
  #isStanding = false;

  constructor(name: string) {
    this.session = name.padEnd(11, '_');
    this.socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    this.socket.on('message', (data) => {
      for (const decoded of decodeTurn(data as Buffer)) if (decoded.ok) this.#take(decoded.message);
      this.#heard();
    });
  }

  send(message: ClientMessage): void {
    this.socket.send(encode(message));
  }

  async open(): Promise<this> {
    await once(this.socket, 'open');
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    this.send({ type: 'AUTH', versions, clientId: this.session.padEnd(22, '_'), sessions: [this.session] });
    await this.until(() => this.incarnation !== '');
    this.send({ type: 'SYNC_INIT', req: 1, map: 'm', kind: 'LWW', root: 0 });
    await this.until(() => this.#isStanding);
    return this;
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone())
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
  }

  put(seq: number): void {
    const row = [
      seq,
      0,
      0,
      `k${seq % KEYS}`,
      (Date.now() - 1000) * 2048 + seq,
      null,
      { seq, pad: PAD },
    ] as const;
    const { session, incarnation } = this;
    this.send({
      type: 'OPS',
      session,
      settledBelow: 0,
      incarnation,
      concern: 4,
      maps: ['m'],
      rows: [row],
    });
  }

  #take(message: ServerMessage): void {
    if (message.type === 'AUTH_ACK') this.incarnation = message.incarnation;
    if (message.type === 'SYNC_ROOT') this.#isStanding = true;
    if (message.type === 'OP_ACK') this.answered++;
    if (message.type === 'ERROR') this.errors.push(message.code);
    if (message.type !== 'SERVER_EVENT') return;
    for (const [, , , , , rows] of message.parts) {
      for (const row of rows) {
        this.rows++;
        this.versions.set(row[1], (row[5] as { seq: number }).seq);
      }
    }
  }
}

describe('a server with readers that stall', () => {
  it('[FLOW-2] serves the others as before, holds little, and brings the stalled up to date when they read again', async () => {
    const [writer, quick, ...slow] = await Promise.all(
      ['writer', 'quick', 'slow1', 'slow2'].map((name) => new Reader(name).open()),
    );
    if (writer === undefined || quick === undefined) throw new Error('No reader is open.');
    for (const { socket } of slow) socket.pause();
    for (let seq = 1; seq <= WRITES; seq++) {
      writer.put(seq);
      await quick.until(() => quick.versions.get(`k${seq % KEYS}`) === seq);
    }
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    const unsent = Number(/^topgun_event_queue_bytes (\d+)/m.exec(text)?.[1]);
    expect([quick.rows, quick.errors]).toEqual([WRITES, []]);
    // Behind from half of a mebibyte on, and then nothing more but what was under way.
    expect(unsent).toBeGreaterThan(500_000);
    expect(unsent).toBeLessThan(2 * 900_000);
    const last = new Map(quick.versions);
    for (const reader of slow) {
      reader.socket.resume();
      await reader.until(
        () => reader.errors.length > 0 || [...last].every(([key, seq]) => reader.versions.get(key) === seq),
      );
      expect(reader.rows).toBeLessThan(WRITES);
      expect([reader.errors, reader.socket.readyState]).toEqual([[], WebSocket.OPEN]);
    }
  });
});
