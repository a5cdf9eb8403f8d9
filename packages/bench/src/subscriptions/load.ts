import { cpuAnswer } from '../server/requests.js';
import type { DeltasAnswer, SubscribersRequest } from './requests.js';
import { Subscriber } from './Subscriber.js';
import {
  CLIENTS,
  isLimited,
  keyOf,
  LIMIT,
  opOf,
  ownerOf,
  QUERIES_PER_CLIENT,
  RECORDS_PER_OWNER,
  type Sharing,
  targetOf,
} from './workload.js';

const RECORDS = CLIENTS * RECORDS_PER_OWNER;
const SEEDED_AT_ONCE = 500;
/** Deltas that have not come by then are missing. */
const PATIENCE_MS = 10_000;
/** How often due writes are sent. */
const PACE_MS = 1;

const load = { subscribers: [] as Subscriber[], sharing: 'distinct' as Sharing, writes: 0 };
/** Called whenever a subscriber was answered. */
let onAnswer = (): void => undefined;
/** Called with the version of every row that came in or changed. */
let onDelta = (_version: number): void => undefined;

/** All clients in one process, so that one clock measures a write and its deltas. */
export async function subscribers(request: SubscribersRequest): Promise<object> {
  switch (request.what) {
    case 'connect':
      load.subscribers = Array.from(
        { length: CLIENTS },
        (_, i) =>
          new Subscriber(request.port, i, { delta: (version) => onDelta(version), answer: () => onAnswer() }),
      );
      await Promise.all(load.subscribers.map(({ device }) => device.connect()));
      return {};
    case 'seed':
      return seed();
    case 'subscribe':
      return subscribe(request.sharing);
    case 'run':
      return run(request.writesPerSecond, request.milliseconds);
  }
}

function until(isDone: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    onAnswer = () => {
      if (isDone()) resolve();
    };
    onAnswer();
  });
}

async function seed(): Promise<object> {
  const first = load.subscribers[0] as Subscriber;
  for (let from = 0; from < RECORDS; from += SEEDED_AT_ONCE) {
    first.write(SEEDED_AT_ONCE, (seq, i) => {
      const record = Math.floor((from + i) / CLIENTS);
      return opOf((from + i) % CLIENTS, record, record - RECORDS_PER_OWNER, seq);
    });
    await until(() => first.answered === first.sent);
  }
  return {};
}

async function subscribe(sharing: Sharing): Promise<object> {
  const began = performance.now();
  load.sharing = sharing;
  for (const subscriber of load.subscribers) {
    for (let k = 0; k < QUERIES_PER_CLIENT; k++) subscriber.subscribe(k, sharing);
  }
  await until(() => load.subscribers.every(({ open }) => open === QUERIES_PER_CLIENT));
  return { seconds: (performance.now() - began) / 1000 };
}

async function run(writesPerSecond: number, milliseconds: number): Promise<DeltasAnswer> {
  const first = load.writes;
  const sentAtMs: number[] = [];
  const tookMs: number[] = [];
  onDelta = (version) => {
    tookMs.push(performance.now() - (sentAtMs[version - first] ?? Number.NaN));
  };
  const cpuBefore = cpuAnswer().cpuSeconds;
  const began = performance.now();
  const count = Math.round((writesPerSecond * milliseconds) / 1000);
  await new Promise<void>((resolve) => {
    const send = (): void => {
      const due = Math.min(count, Math.floor(((performance.now() - began) / 1000) * writesPerSecond));
      while (sentAtMs.length < due) {
        const version = load.writes++;
        const { owner, record } = targetOf(version);
        const writer = load.subscribers[version % CLIENTS] as Subscriber;
        sentAtMs.push(performance.now());
        writer.write(1, (seq) => opOf(owner, record, version, seq));
      }
      if (due < count) setTimeout(send, PACE_MS);
      else resolve();
    };
    send();
  });
  const seconds = (performance.now() - began) / 1000;
  const deltas = count * QUERIES_PER_CLIENT;
  const late = setTimeout(() => onAnswer(), PATIENCE_MS);
  const isLate = (): boolean => performance.now() - began > milliseconds + PATIENCE_MS;
  await until(
    () => isLate() || (tookMs.length >= deltas && load.subscribers.every((s) => s.answered === s.sent)),
  );
  clearTimeout(late);
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number =>
    tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))] ?? Number.NaN;
  return {
    writes: count,
    deltas: tookMs.length,
    missing: deltas - tookMs.length,
    wrongRows: wrongRows(),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    seconds,
    cpuSeconds: cpuAnswer().cpuSeconds - cpuBefore,
  };
}

/** Rows that subscribers hold otherwise than the writes so far make them. */
function wrongRows(): number {
  const versions = new Map<string, number>();
  for (let owner = 0; owner < CLIENTS; owner++) {
    for (let record = 0; record < RECORDS_PER_OWNER; record++)
      versions.set(keyOf(owner, record), record - RECORDS_PER_OWNER);
  }
  for (let w = 0; w < load.writes; w++) {
    const { owner, record } = targetOf(w);
    versions.set(keyOf(owner, record), w);
  }
  let wrong = 0;
  for (const { index, held } of load.subscribers) {
    held.forEach((rows, k) => {
      const owner = ownerOf(index, k);
      const all = Array.from({ length: RECORDS_PER_OWNER }, (_, record): [string, number] => {
        const key = keyOf(owner, record);
        return [key, versions.get(key) ?? Number.NaN];
      });
      all.sort((a, b) => b[1] - a[1]);
      const expected = new Map(isLimited(k, load.sharing) ? all.slice(0, LIMIT) : all);
      for (const [key, version] of expected) if (rows.get(key) !== version) wrong++;
      for (const key of rows.keys()) if (!expected.has(key)) wrong++;
    });
  }
  return wrong;
}
