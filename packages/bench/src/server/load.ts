import type { OpRow, ServerMessage } from '@topgun/protocol';
import { benchRecord } from '../records.js';
import { Device } from './Device.js';
import type { LoadAnswer, LoadRequest } from './requests.js';

const KEYS_PER_CLIENT = 500;

let sockets: Sender[] = [];
let running = false;

/** One client: keeps `window` frames in flight while the run lasts, counts what was durably answered. */
class Sender {
  frames = 0;
  ops = 0;
  readonly #request: LoadRequest;
  readonly #device: Device;
  #seq = 1;
  #answered = 0;

  constructor(request: LoadRequest, index: number) {
    this.#request = request;
    this.#device = new Device(request.port, index, {
      message: (message) => this.#received(message),
      ...(request.opsPerFrame === 0 && { echo: () => this.#echoed() }),
    });
  }

  connect(): Promise<void> {
    return this.#device.connect();
  }

  start(): void {
    for (let i = 0; i < this.#request.window; i++) this.#next();
  }

  #next(): void {
    if (!running) return;
    const { opsPerFrame } = this.#request;
    const { session } = this.#device;
    const rows: OpRow[] = [];
    const t = Date.now() * 2048;
    for (let i = 0; i < Math.max(1, opsPerFrame); i++) {
      const seq = this.#seq++;
      rows.push([seq, 0, 0, `${session}-${seq % KEYS_PER_CLIENT}`, t + (seq % 2048), null, benchRecord(seq)]);
    }
    this.#device.send({
      type: 'OPS',
      session,
      settledBelow: this.#answered + 1,
      incarnation: this.#device.incarnation,
      concern: 4,
      maps: ['bench'],
      rows,
    });
  }

  #echoed(): void {
    this.frames++;
    this.ops++;
    this.#next();
  }

  #received(message: ServerMessage): void {
    if (message.type === 'OP_ACK') this.#answeredOps(message.spans);
    else if (message.type === 'ERROR')
      throw new Error(`The server refused the load: ${message.code} ${message.message}`);
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
