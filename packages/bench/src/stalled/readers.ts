import type { ServerMessage } from '@topgun/protocol';
import { MAP, Reader } from './Reader.js';
import type { ReadAnswer, ReadersRequest, StallAnswer } from './requests.js';

const UPDATES_PER_SECOND = 20;
const KEYS = 20;
const VALUE_BYTES = 2_048;
const PAD = 'x'.repeat(VALUE_BYTES);
/** One reader in so many decodes what it gets, and is measured. */
const MEASURED_EACH = 10;
const AT_ONCE = 50;
/** Deltas that have not come by then are missing. */
const PATIENCE_MS = 5_000;

const state = { readers: [] as Reader[], seq: 0, sentAtMs: new Map<number, number>() };
let tookMs: number[] = [];
let onDelta = (): void => undefined;

/** Some of the clients, in a process of their own; one of them writes when it is told to run. */
export async function readers(request: ReadersRequest): Promise<object> {
  switch (request.what) {
    case 'connect':
      return connect(request.port, request.from, request.count);
    case 'run':
      return run(request.milliseconds);
    case 'stall':
      for (const reader of state.readers) reader.stall();
      return stalled();
    case 'resume':
      for (const reader of state.readers) reader.resume();
      return stalled();
  }
}

async function connect(port: number, from: number, count: number): Promise<object> {
  for (let at = 0; at < count; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => {
      const index = from + at + i;
      return new Reader(port, index, index % MEASURED_EACH === 0 ? received : undefined);
    });
    await Promise.all(some.map((reader) => reader.open()));
    state.readers.push(...some);
  }
  return {};
}

function received(message: ServerMessage): void {
  if (message.type !== 'SERVER_EVENT') return;
  const now = performance.now();
  for (const [, , , , , rows] of message.parts) {
    for (const row of rows) {
      const sent = state.sentAtMs.get((row[5] as { seq: number }).seq);
      if (sent !== undefined) tookMs.push(now - sent);
    }
  }
  onDelta();
}

/** Writes at an even pace, each write one change for every reader. */
async function run(milliseconds: number): Promise<ReadAnswer> {
  const [writer] = state.readers as [Reader];
  const measured = Math.ceil(state.readers.length / MEASURED_EACH);
  const count = Math.round((milliseconds / 1000) * UPDATES_PER_SECOND);
  tookMs = [];
  state.sentAtMs.clear();
  const began = performance.now();
  await new Promise<void>((resolve) => {
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - began) / 1000) * UPDATES_PER_SECOND) + 1);
      for (; sent < due; sent++) write(writer);
      if (sent < count) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
  await new Promise<void>((resolve) => {
    const late = setTimeout(resolve, PATIENCE_MS);
    onDelta = () => {
      if (tookMs.length < count * measured) return;
      clearTimeout(late);
      resolve();
    };
    onDelta();
  });
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number =>
    tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? Number.NaN;
  const missing = count * measured - tookMs.length;
  return { writes: count, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), missing };
}

function write(writer: Reader): void {
  const seq = ++state.seq;
  state.sentAtMs.set(seq, performance.now());
  const { session, incarnation } = writer;
  const t = Date.now() * 2048 + (seq % 2048);
  const rows = [[seq, 0, 0, `key-${seq % KEYS}`, t, null, { seq, pad: PAD }]] as const;
  writer.send({ type: 'OPS', session, settledBelow: 0, incarnation, concern: 4, maps: [MAP], rows });
}

function stalled(): StallAnswer {
  const codes: Record<string, number> = {};
  for (const { code } of state.readers) if (code !== undefined) codes[code] = (codes[code] ?? 0) + 1;
  return { open: state.readers.filter(({ code }) => code === undefined).length, codes };
}
