import type { ClientMessage, OpRow, ServerMessage } from '@topgun/protocol';
import { encode, PROTOCOL_VERSION } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import WebSocket from 'ws';
import { benchRecord } from '../records.js';
import type { LoadAnswer, LoadRequest } from './requests.js';

const KEYS_PER_CLIENT = 500;

let sockets: Sender[] = [];
let running = false;

/** One client: keeps `window` frames in flight while the run lasts, counts what was durably answered. */
class Sender {
  frames = 0;
  ops = 0;
  readonly #socket: WebSocket;
  readonly #request: LoadRequest;
  readonly #session: string;
  readonly #clientId: string;
  #incarnation = '';
  #seq = 1;
  #answered = 0;
  #onReady: () => void = () => undefined;

  constructor(request: LoadRequest, index: number) {
    this.#request = request;
    this.#session = `bench${index}`.padEnd(11, 'A');
    this.#clientId = `bench-client-${index}`.padEnd(22, 'A');
    this.#socket = new WebSocket(`ws://127.0.0.1:${request.port}/`, { perMessageDeflate: false });
    this.#socket.binaryType = 'nodebuffer';
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.#socket.once('error', reject);
      this.#socket.on('open', () => {
        if (this.#request.opsPerFrame === 0) resolve();
        else
          this.#send({
            type: 'AUTH',
            versions: [PROTOCOL_VERSION, PROTOCOL_VERSION],
            clientId: this.#clientId,
            sessions: [this.#session],
          });
      });
      this.#socket.on('message', (data) => this.#received(data as Buffer));
      this.#socket.on('close', (code) => reject(new Error(`The server closed a load socket with ${code}`)));
    });
  }

  start(): void {
    for (let i = 0; i < this.#request.window; i++) this.#next();
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  #next(): void {
    if (!running) return;
    const { opsPerFrame } = this.#request;
    const rows: OpRow[] = [];
    const t = Date.now() * 2048;
    for (let i = 0; i < Math.max(1, opsPerFrame); i++) {
      const seq = this.#seq++;
      rows.push([
        seq,
        0,
        0,
        `${this.#session}-${seq % KEYS_PER_CLIENT}`,
        t + (seq % 2048),
        null,
        benchRecord(seq),
      ]);
    }
    this.#send({
      type: 'OPS',
      session: this.#session,
      settledBelow: this.#answered + 1,
      incarnation: this.#incarnation,
      concern: 4,
      maps: ['bench'],
      rows,
    });
  }

  #received(data: Buffer): void {
    if (this.#request.opsPerFrame === 0) {
      this.frames++;
      this.ops++;
      this.#next();
      return;
    }
    for (const decoded of decodeTurn(data)) {
      if (!decoded.ok) throw new Error(`The server sent a frame that cannot be read: ${decoded.code}`);
      this.#receivedMessage(decoded.message);
    }
  }

  #receivedMessage(message: ServerMessage): void {
    if (message.type === 'AUTH_ACK') {
      this.#incarnation = message.incarnation;
      this.#onReady();
    } else if (message.type === 'OP_ACK') {
      this.#answeredOps(message.spans);
    } else if (message.type === 'ERROR') {
      throw new Error(`The server refused the load: ${message.code} ${message.message}`);
    }
  }

  #answeredOps(spans: readonly (readonly [number, number, number])[]): void {
    let count = 0;
    for (const [, length, outcome] of spans) {
      if (outcome === 3) throw new Error('The server rejected an op of the load');
      count += length;
    }
    const { opsPerFrame } = this.#request;
    const framesBefore = Math.floor(this.#answered / opsPerFrame);
    this.#answered += count;
    this.ops += count;
    for (let f = Math.floor(this.#answered / opsPerFrame) - framesBefore; f > 0; f--) {
      this.frames++;
      this.#next();
    }
  }

  #send(message: ClientMessage): void {
    this.#socket.send(encode(message));
  }
}

/** `connect` opens the sockets; `run` keeps them busy for the time asked and counts. */
export async function load(request: LoadRequest): Promise<LoadAnswer> {
  if (request.what === 'connect') {
    sockets = Array.from({ length: request.clients }, (_, i) => new Sender(request, i));
    await Promise.all(sockets.map((socket) => socket.connect()));
    return { frames: 0, ops: 0, seconds: 0 };
  }
  const before = total();
  const started = performance.now();
  if (!running) {
    running = true;
    for (const socket of sockets) socket.start();
  }
  await new Promise((resolve) => setTimeout(resolve, request.milliseconds));
  const after = total();
  return {
    frames: after.frames - before.frames,
    ops: after.ops - before.ops,
    seconds: (performance.now() - started) / 1000,
  };
}

function total(): { frames: number; ops: number } {
  let frames = 0;
  let ops = 0;
  for (const socket of sockets) {
    frames += socket.frames;
    ops += socket.ops;
  }
  return { frames, ops };
}
