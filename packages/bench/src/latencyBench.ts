import type { Bar } from './coreBench.js';
import type { SceneOptions } from './doors/DoorScene.js';
import { costsOf, doorNames, oneTopic, ours } from './doors/deliveryCosts.js';
import { latencyOf } from './doors/latency.js';
import { startRedis } from './doors/redis.js';
import { openConfig } from './doors/serverConfig.js';
import { short } from './statistics.js';

/** How much of a core the deliveries use while their latency is taken. */
const LOAD = 0.1;
const LATENCY_MS = 5_000;
const LATENCY_BARS: Readonly<Record<number, number>> = { 100: 5, 1000: 25 };
/** To a hundred subscribers of another node. */
const ACROSS = { subscribers: 100, bar: 30 } as const;

/** How long a message takes to its subscribers, at a tenth of what a core carries. Wall clock: it wants a machine that does nothing else. */
export async function latencyBench(rounds: number): Promise<Bar[]> {
  console.log(`Latency at ${LOAD * 100} % of a core, from when a message was due to its arrival`);
  const columns = ['msg/s', 'p50 ms', 'p99 ms'].map((column) => column.padStart(10)).join('');
  console.log(`${'server'.padEnd(30)}${'to'.padStart(16)}${columns}`);
  const redis = await startRedis();
  const bars: Bar[] = [];
  try {
    for (const kind of ours) {
      const { one } = await costsOf(kind);
      const measure = async (options: SceneOptions, to: number, where: string): Promise<number> => {
        const perSecond = (LOAD * 1e6) / (one * to);
        const pace = { subscribers: to, perSecond, forMs: LATENCY_MS, rounds };
        const { p50Ms, p99Ms } = await latencyOf(options, pace);
        const figures = [perSecond, p50Ms, p99Ms].map((value) => short(value).padStart(10)).join('');
        console.log(`${doorNames[kind].padEnd(30)}${`${to}${where}`.padStart(16)}${figures}`);
        return p99Ms;
      };
      for (const [to, bar] of Object.entries(LATENCY_BARS)) {
        const value = await measure(oneTopic(kind), Number(to), '');
        const name =
          kind === 'sse'
            ? `latency: p99 ms, ${doorNames[kind]} to ${to} ≤ ${bar}`
            : `[S004-13] latency: p99 ms, ${doorNames[kind]} to ${to} ≤ ${bar}`;
        bars.push({ name, value, holds: value <= bar });
      }
      const { subscribers, bar } = ACROSS;
      const config = { ...openConfig, redisUrl: redis.url, redisPrefix: `bench-${kind}` };
      const across: SceneOptions = { ...oneTopic(kind), config, nodes: 2, from: 1 };
      const value = await measure(across, subscribers, ', 2 nodes');
      const name = `latency: p99 ms, ${doorNames[kind]} across nodes to ${subscribers} ≤ ${bar}`;
      bars.push({ name, value, holds: value <= bar });
    }
  } finally {
    redis.stop();
  }
  return bars;
}
