import type { Bar } from './coreBench.js';
import { DoorScene } from './doors/DoorScene.js';
import type { DoorKind } from './doors/requests.js';
import { openConfig } from './doors/serverConfig.js';
import { median, short } from './statistics.js';

const SUBSCRIBERS = 1_000;
const GENERATORS = 2;
const WARM_UP_TICKS = 50;
/** Of one message and of ten: as many deliveries in about as much time. */
const SHAPES = [
  { perTick: 1, ticks: 400, intervalMs: 25 },
  { perTick: 10, ticks: 40, intervalMs: 250 },
] as const;
/** How much of a core the deliveries use while their latency is taken. */
const LOAD = 0.1;
const LATENCY_MS = 10_000;
const LATENCY_BARS: Readonly<Record<number, number>> = { 100: 5, 1000: 25 };
const OVER_BARE = 1.1;
const OVER_SOCKET_IO: Readonly<Record<number, number>> = { 1: 0.7, 10: 0.25 };

const ours: readonly DoorKind[] = ['binary', 'json', 'sse'];
const kinds: readonly DoorKind[] = [...ours, 'bare-ws', 'bare-sse', 'socket.io'];
const names: Readonly<Record<DoorKind, string>> = {
  binary: 'TopGun, binary',
  json: 'TopGun, JSON',
  sse: 'TopGun, SSE',
  'bare-ws': 'ws, encoded once',
  'bare-sse': 'node:http SSE, encoded once',
  'socket.io': 'socket.io',
};

interface Costs {
  /** µs of the server's CPU for a delivery, by messages in a turn */
  readonly one: number;
  readonly ten: number;
}

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One topic to a thousand: what a delivery costs the server beside bare servers and socket.io, and how long it takes at a tenth of the load. */
export async function fanoutBench(rounds: number): Promise<Bar[]> {
  const costs = new Map<DoorKind, Costs[]>();
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) costs.set(kind, [...(costs.get(kind) ?? []), await costsOf(kind)]);
  }
  const cost = (kind: DoorKind, of: keyof Costs): number => median((costs.get(kind) ?? []).map((c) => c[of]));
  console.log(
    `Fan-out: one topic to ${SUBSCRIBERS} subscribers, messages of 256 bytes; µs of the server's CPU for each delivery`,
  );
  console.log(`${'server'.padEnd(30)}${'1 a turn'.padStart(12)}${'10 a turn'.padStart(12)}`);
  for (const kind of kinds)
    console.log(
      `${names[kind].padEnd(30)}${short(cost(kind, 'one')).padStart(12)}${short(cost(kind, 'ten')).padStart(12)}`,
    );
  const bars: Bar[] = [];
  for (const kind of ours) {
    const bare = kind === 'sse' ? 'bare-sse' : 'bare-ws';
    const overBare = cost(kind, 'one') / cost(bare, 'one');
    bars.push({
      name: `fan-out: ${names[kind]} ÷ ${names[bare]} ≤ ${OVER_BARE}`,
      value: overBare,
      holds: overBare <= OVER_BARE,
    });
    for (const [of, perTick] of [
      ['one', 1],
      ['ten', 10],
    ] as const) {
      const value = cost(kind, of) / cost('socket.io', of);
      const bar = OVER_SOCKET_IO[perTick] as number;
      bars.push({
        name: `fan-out: ${names[kind]} ÷ socket.io at ${perTick} a turn ≤ ${bar}`,
        value,
        holds: value <= bar,
      });
    }
  }
  return [...bars, ...(await latencyBars((kind) => cost(kind, 'one')))];
}

const sceneOf = (kind: DoorKind) => ({
  kind,
  perTopic: SUBSCRIBERS,
  generators: GENERATORS,
  config: openConfig,
});

const costsOf = (kind: DoorKind): Promise<Costs> =>
  DoorScene.play(sceneOf(kind), async (scene) => {
    await scene.connect(SUBSCRIBERS);
    const figures: number[] = [];
    for (const shape of SHAPES) {
      await scene.publish({ ...shape, ticks: Math.min(WARM_UP_TICKS, shape.ticks) });
      const { cpuSeconds, missing } = await scene.publish(shape);
      if (missing !== 0) throw new Error(`${names[kind]}: ${missing} deliveries are missing`);
      figures.push((cpuSeconds / (shape.ticks * shape.perTick * SUBSCRIBERS)) * 1e6);
    }
    const [one = Number.NaN, ten = Number.NaN] = figures;
    return { one, ten };
  });

async function latencyBars(costOf: (kind: DoorKind) => number): Promise<Bar[]> {
  console.log(`Latency at ${LOAD * 100} % of a core, from when a message was due to its arrival`);
  console.log(
    `${'server'.padEnd(30)}${'to'.padStart(8)}${'msg/s'.padStart(10)}${'p50 ms'.padStart(10)}${'p99 ms'.padStart(10)}`,
  );
  const bars: Bar[] = [];
  for (const kind of ours) {
    for (const [subscribers, bar] of Object.entries(LATENCY_BARS).map(
      ([n, ms]) => [Number(n), ms] as const,
    )) {
      const perSecond = (LOAD * 1e6) / (costOf(kind) * subscribers);
      const { p50Ms, p99Ms } = await latencyOf(kind, subscribers, perSecond);
      console.log(
        `${names[kind].padEnd(30)}${String(subscribers).padStart(8)}${short(perSecond).padStart(10)}${short(p50Ms).padStart(10)}${short(p99Ms).padStart(10)}`,
      );
      const name =
        kind === 'sse'
          ? `fan-out: p99 ms, ${names[kind]} to ${subscribers} ≤ ${bar}`
          : `[S004-13] fan-out: p99 ms, ${names[kind]} to ${subscribers} ≤ ${bar}`;
      bars.push({ name, value: p99Ms, holds: p99Ms <= bar });
    }
  }
  return bars;
}

const latencyOf = (kind: DoorKind, subscribers: number, perSecond: number): Promise<Latency> =>
  DoorScene.play(sceneOf(kind), async (scene) => {
    await scene.connect(subscribers);
    const intervalMs = 1_000 / perSecond;
    await scene.publish({ ticks: WARM_UP_TICKS, perTick: 1, intervalMs });
    await scene.latencies();
    const ticks = Math.ceil(LATENCY_MS / intervalMs);
    const { missing } = await scene.publish({ ticks, perTick: 1, intervalMs });
    if (missing !== 0) throw new Error(`${names[kind]}: ${missing} deliveries are missing`);
    const tookMs = await scene.latencies();
    const at = (share: number): number => tookMs[Math.floor((tookMs.length - 1) * share)] ?? Number.NaN;
    return { p50Ms: at(0.5), p99Ms: at(0.99) };
  });
