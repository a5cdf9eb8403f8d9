import { Device } from '../server/Device.js';
import { FramesInFlight } from '../server/FramesInFlight.js';
import { ownKeys } from '../server/ownKeys.js';

/** Clients that write at a pace of their own, whatever becomes of what they write. */
export type PacedRequest =
  | {
      readonly what: 'connect';
      /** of the servers */
      readonly ports: readonly number[];
      /** by server: the partitions that it owns */
      readonly pids: readonly (readonly number[])[];
      /** at each server, and as many again that write to what the next one owns */
      readonly clients: number;
      readonly opsPerFrame: number;
      readonly keysPerClient: number;
    }
  | { readonly what: 'run'; readonly framesPerSecond: number; readonly milliseconds: number };

/** ms from when a frame was due until its last op was answered, ascending. */
export interface PacedAnswer {
  /** of clients at the owner of what they write */
  readonly direct: readonly number[];
  /** of clients at another node */
  readonly routed: readonly number[];
}

type Way = keyof PacedAnswer;

const WAYS: readonly Way[] = ['direct', 'routed'];
const PATIENCE_MS = 30_000;
/** Numbers of clients that no other load has had: their sessions are their own. */
const FIRST = 1_000;

let writers: readonly PacedWriter[] = [];

class PacedWriter {
  readonly way: Way;
  tookMs: number[] = [];
  readonly #device: Device;
  readonly #keys: readonly string[];
  readonly #inFlight: FramesInFlight;
  readonly #dueMs = new Map<number, number>();

  constructor(way: Way, index: number, port: number, pids: readonly number[], request: Shape) {
    this.way = way;
    this.#device = new Device(port, index, {
      message: (message) => {
        if (message.type === 'ERROR') throw new Error(`The server refused a write: ${message.code}`);
        if (message.type !== 'OP_ACK') return;
        for (const frame of this.#inFlight.answered(message).frames) this.#answered(frame);
      },
    });
    this.#keys = ownKeys(this.#device.session, request.keysPerClient, pids);
    this.#inFlight = new FramesInFlight(request.opsPerFrame);
  }

  get waiting(): number {
    return this.#dueMs.size;
  }

  connect(): Promise<void> {
    return this.#device.connect();
  }

  write(dueMs: number): void {
    const { frame, ops } = this.#inFlight.next(this.#device, this.#keys);
    this.#dueMs.set(frame, dueMs);
    this.#device.send(ops);
  }

  #answered(frame: number): void {
    const dueMs = this.#dueMs.get(frame);
    this.#dueMs.delete(frame);
    if (dueMs !== undefined) this.tookMs.push(performance.now() - dueMs);
  }
}

type Shape = Extract<PacedRequest, { what: 'connect' }>;

/** Open loop. The two ways take turns frame by frame, so that both meet the same moments. */
export async function paced(request: PacedRequest): Promise<PacedAnswer> {
  if (request.what === 'connect') {
    const { ports, pids, clients } = request;
    writers = Array.from({ length: clients }, (_, nth) =>
      ports.flatMap((port, at) =>
        WAYS.map((way, place) => {
          const owner = way === 'direct' ? at : (at + 1) % ports.length;
          const index = FIRST + (nth * ports.length + at) * WAYS.length + place;
          return new PacedWriter(way, index, port, pids[owner] ?? [], request);
        }),
      ),
    ).flat();
    await Promise.all(writers.map((writer) => writer.connect()));
    return { direct: [], routed: [] };
  }
  const { framesPerSecond, milliseconds } = request;
  for (const writer of writers) writer.tookMs = [];
  const startedMs = performance.now();
  const count = Math.round((framesPerSecond * milliseconds) / 1000);
  for (let nth = 0; nth < count; nth++) {
    const dueMs = startedMs + (nth * 1000) / framesPerSecond;
    while (performance.now() < dueMs)
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
    writers[nth % writers.length]?.write(dueMs);
  }
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (writers.some(({ waiting }) => waiting > 0)) {
    if (performance.now() > deadlineMs) throw new Error('writes are not answered');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const of = (way: Way): number[] =>
    writers
      .filter((writer) => writer.way === way)
      .flatMap(({ tookMs }) => tookMs)
      .sort((a, b) => a - b);
  return { direct: of('direct'), routed: of('routed') };
}
