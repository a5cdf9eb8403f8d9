import type { ServerMessage } from '@topgun/protocol';
import { Device } from './Device.js';
import { FramesInFlight } from './FramesInFlight.js';
import { ownKeys } from './ownKeys.js';
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
  readonly #keys: readonly string[];
  readonly #inFlight: FramesInFlight;

  constructor(request: LoadRequest, index: number) {
    const { ports, pids, opsPerFrame, keysPerClient = KEYS_PER_CLIENT } = request;
    const at = index % ports.length;
    this.#request = request;
    this.#device = new Device(ports[at] ?? 0, index, {
      message: (message) => this.#received(message),
      ...(opsPerFrame === 0 && { echo: () => this.#echoed() }),
    });
    this.#keys = ownKeys(this.#device.session, keysPerClient, pids?.[at]);
    this.#inFlight = new FramesInFlight(Math.max(1, opsPerFrame));
  }

  connect(): Promise<void> {
    return this.#device.connect();
  }

  start(): void {
    for (let i = 0; i < this.#request.window; i++) this.#next();
  }

  #next(): void {
    if (!running) return;
    this.#device.send(this.#inFlight.next(this.#device, this.#keys).ops);
  }

  #echoed(): void {
    this.frames++;
    this.ops++;
    this.#inFlight.echoed();
    this.#next();
  }

  #received(message: ServerMessage): void {
    if (message.type === 'OP_ACK') {
      const { ops, frames } = this.#inFlight.answered(message);
      this.ops += ops;
      this.frames += frames.length;
      for (const _ of frames) this.#next();
    } else if (message.type === 'ERROR')
      throw new Error(`The server refused the load: ${message.code} ${message.message}`);
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
