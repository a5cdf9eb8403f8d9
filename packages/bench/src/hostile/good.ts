import { benchRecord } from '../records.js';
import { Device } from '../server/Device.js';
import type { GoodAnswer, GoodRequest } from './requests.js';

const WRITE_EVERY_MS = 1_000;
/** A write that is not answered by then is lost. */
const PATIENCE_MS = 30_000;

/** A client that writes once a second, and notes how long the durable answer takes. */
class Writer {
  readonly #device: Device;
  readonly #sentAtMs = new Map<number, number>();
  readonly #tookMs: number[];
  #seq = 1;

  constructor(port: number, index: number, tookMs: number[]) {
    this.#tookMs = tookMs;
    this.#device = new Device(port, index, {
      message: (message) => {
        if (message.type === 'ERROR') throw new Error(`The server refused a good client: ${message.code}`);
        if (message.type !== 'OP_ACK') return;
        for (const [from, count, outcome] of message.spans) {
          if (outcome === 3) throw new Error('The server rejected the write of a good client');
          for (let seq = from; seq < from + count; seq++) this.#answered(seq);
        }
      },
    });
  }

  get waiting(): number {
    return this.#sentAtMs.size;
  }

  connect(): Promise<void> {
    return this.#device.connect();
  }

  write(): void {
    const { session, incarnation } = this.#device;
    const seq = this.#seq++;
    this.#sentAtMs.set(seq, performance.now());
    this.#device.send({
      type: 'OPS',
      session,
      settledBelow: seq,
      incarnation,
      concern: 4,
      maps: ['bench'],
      rows: [[seq, 0, 0, `${session}-${seq % 100}`, Date.now() * 2048, null, benchRecord(seq)]],
    });
  }

  #answered(seq: number): void {
    const sentAtMs = this.#sentAtMs.get(seq);
    this.#sentAtMs.delete(seq);
    if (sentAtMs !== undefined) this.#tookMs.push(performance.now() - sentAtMs);
  }
}

let writers: Writer[] = [];
const tookMs: number[] = [];

/** All well-behaved clients, in one process. Their writes are spread over the second. */
export async function good({ what, port, clients, milliseconds }: GoodRequest): Promise<GoodAnswer> {
  if (what === 'connect') {
    writers = Array.from({ length: clients }, (_, i) => new Writer(port, i, tookMs));
    await Promise.all(writers.map((writer) => writer.connect()));
    return { writes: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 };
  }
  tookMs.length = 0;
  await writeFor(milliseconds);
  const waitUntil = performance.now() + PATIENCE_MS;
  while (writers.some(({ waiting }) => waiting > 0) && performance.now() < waitUntil)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const lost = writers.reduce((sum, { waiting }) => sum + waiting, 0);
  if (lost > 0) throw new Error(`${lost} writes of good clients were not answered in ${PATIENCE_MS} ms`);
  const sorted = [...tookMs].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { writes: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

/** Sends what is due every few milliseconds, each writer once a second in its turn. */
function writeFor(milliseconds: number): Promise<void> {
  const began = performance.now();
  const total = Math.floor((writers.length * milliseconds) / WRITE_EVERY_MS);
  let sent = 0;
  return new Promise((resolve) => {
    const send = (): void => {
      const due = Math.min(
        total,
        Math.floor(((performance.now() - began) / WRITE_EVERY_MS) * writers.length),
      );
      while (sent < due) writers[sent++ % writers.length]?.write();
      if (sent < total) setTimeout(send, 2);
      else resolve();
    };
    send();
  });
}
