import type { Bar } from './coreBench.js';
import { DoorScene, type SceneOptions } from './doors/DoorScene.js';
import { latencyOf } from './doors/latency.js';
import { startRedis } from './doors/redis.js';
import type { DoorKind } from './doors/requests.js';
import { openConfig } from './doors/serverConfig.js';
import { median, short } from './statistics.js';

const SUBSCRIBERS = 1_000;
const GENERATORS = 2;
/** Of one message and of ten: as many deliveries in about as much time. */
const SHAPES = [
  { perTick: 1, ticks: 400, intervalMs: 25, warmUpTicks: 50 },
  { perTick: 10, ticks: 40, intervalMs: 250, warmUpTicks: 10 },
] as const;
/** How much of a core the deliveries use while their latency is taken. */
const LOAD = 0.1;
const LATENCY_MS = 10_000;
const LATENCY_BARS: Readonly<Record<number, number>> = { 100: 5, 1000: 25 };
/** To a hundred subscribers of another node. */
const ACROSS = { subscribers: 100, bar: 30 } as const;
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
    for (const [of, perTick] of [
      ['one', 1],
      ['ten', 10],
    ] as const) {
      const over = (peer: DoorKind, bar: number): void => {
        const value = cost(kind, of) / cost(peer, of);
        const name = `fan-out: ${names[kind]} ÷ ${names[peer]} at ${perTick} a turn ≤ ${bar}`;
        bars.push({ name, value, holds: value <= bar });
      };
      over(bare, OVER_BARE);
      over('socket.io', OVER_SOCKET_IO[perTick] as number);
    }
  }
  return [...bars, ...(await latencyBars((kind) => cost(kind, 'one')))];
}

const sceneOf = (kind: DoorKind): SceneOptions => ({
  kind,
  perTopic: SUBSCRIBERS,
  generators: GENERATORS,
  config: openConfig,
});

const costsOf = (kind: DoorKind): Promise<Costs> =>
  DoorScene.play(sceneOf(kind), async (scene) => {
    await scene.connect(SUBSCRIBERS);
    const figures: number[] = [];
    for (const { warmUpTicks, ...shape } of SHAPES) {
      await scene.publish({ ...shape, ticks: warmUpTicks });
      const { cpuSeconds, missing } = await scene.publish(shape);
      if (missing !== 0) throw new Error(`${names[kind]}: ${missing} deliveries are missing`);
      figures.push((cpuSeconds / (shape.ticks * shape.perTick * SUBSCRIBERS)) * 1e6);
    }
    const [one = Number.NaN, ten = Number.NaN] = figures;
    return { one, ten };
  });

/** Wall clock: these want a machine that does nothing else. */
async function latencyBars(costOf: (kind: DoorKind) => number): Promise<Bar[]> {
  console.log(`Latency at ${LOAD * 100} % of a core, from when a message was due to its arrival`);
  const columns = ['msg/s', 'p50 ms', 'p99 ms'].map((column) => column.padStart(10)).join('');
  console.log(`${'server'.padEnd(30)}${'to'.padStart(16)}${columns}`);
  const redis = await startRedis();
  const bars: Bar[] = [];
  try {
    for (const kind of ours) {
      const measure = async (options: SceneOptions, to: number, where: string): Promise<number> => {
        const perSecond = (LOAD * 1e6) / (costOf(kind) * to);
        const pace = { subscribers: to, perSecond, forMs: LATENCY_MS };
        const { p50Ms, p99Ms } = await latencyOf(options, pace);
        const figures = [perSecond, p50Ms, p99Ms].map((value) => short(value).padStart(10)).join('');
        console.log(`${names[kind].padEnd(30)}${`${to}${where}`.padStart(16)}${figures}`);
        return p99Ms;
      };
      for (const [to, bar] of Object.entries(LATENCY_BARS)) {
        const value = await measure(sceneOf(kind), Number(to), '');
        const name =
          kind === 'sse'
            ? `fan-out: p99 ms, ${names[kind]} to ${to} ≤ ${bar}`
            : `[S004-13] fan-out: p99 ms, ${names[kind]} to ${to} ≤ ${bar}`;
        bars.push({ name, value, holds: value <= bar });
      }
      const { subscribers, bar } = ACROSS;
      const config = { ...openConfig, redisUrl: redis.url, redisPrefix: `bench-${kind}` };
      const across: SceneOptions = { ...sceneOf(kind), config, nodes: 2, from: 1 };
      const value = await measure(across, subscribers, ', 2 nodes');
      const name = `fan-out: p99 ms, ${names[kind]} across nodes to ${subscribers} ≤ ${bar}`;
      bars.push({ name, value, holds: value <= bar });
    }
  } finally {
    redis.stop();
  }
  return bars;
}
