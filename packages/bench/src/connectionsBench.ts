import { execFileSync } from 'node:child_process';
import type { Bar } from './coreBench.js';
import { DoorScene } from './doors/DoorScene.js';
import { openConfig } from './doors/serverConfig.js';
import { median, short } from './statistics.js';

/** Connections, and the share of a core that they may use: while nothing happens, and at a thousand events a second. */
const SIZES = [
  { connections: 100, idle: 1, busy: 10 },
  { connections: 1_000, idle: 1, busy: 10 },
  { connections: 10_000, idle: 2, busy: 30 },
  { connections: 50_000, idle: 5, busy: 80 },
] as const;
const GENERATORS = 4;
/** Files that a process has open beside its connections. */
const OTHER_FILES = 100;
/** Every connection hears a topic of its own, as the follower of one stream does. */
const PER_TOPIC = 1;
const EVENTS = { perTick: 10, intervalMs: 10 } as const;
const PER_SECOND = 1_000;
/** Events are published at least so long, and one to each connection. */
const BUSY_SECONDS_MIN = 10;
/** Long enough for a heartbeat of each. */
const IDLE_SECONDS = 30;

/** What event streams cost the processor (S001-14). */
export async function connectionsBench(rounds: number): Promise<Bar[]> {
  console.log(
    `CPU of the server with so many event streams, % of a core: idle, and at ${PER_SECOND} events a second, each for one of them`,
  );
  console.log(`${'connections'.padEnd(14)}${'idle'.padStart(10)}${'events'.padStart(10)}`);
  const bars: Bar[] = [];
  const filesMax = openFilesMax();
  for (const { connections, idle, busy } of SIZES) {
    if (connections + OTHER_FILES > filesMax) {
      console.log(`${String(connections).padEnd(14)}not measured: a process may open ${filesMax} files here`);
      continue;
    }
    const { idlePercent, busyPercent } = await run(connections, rounds);
    console.log(
      `${String(connections).padEnd(14)}${short(idlePercent).padStart(10)}${short(busyPercent).padStart(10)}`,
    );
    bars.push(
      {
        name: `[S001-14] connections: % of a core, ${connections} idle ≤ ${idle}`,
        value: idlePercent,
        holds: idlePercent <= idle,
      },
      {
        name: `[S001-14] connections: % of a core, ${connections} at 1,000 events a second ≤ ${busy}`,
        value: busyPercent,
        holds: busyPercent <= busy,
      },
    );
  }
  return bars;
}

const openFilesMax = (): number => {
  const told = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return told === 'unlimited' ? Number.POSITIVE_INFINITY : Number(told);
};

const run = (connections: number, rounds: number): Promise<{ idlePercent: number; busyPercent: number }> =>
  DoorScene.play(
    { kind: 'sse', perTopic: PER_TOPIC, generators: GENERATORS, config: openConfig },
    async (scene) => {
      await scene.connect(connections);
      // More than once: V8 collects one time, some twenty seconds after those who came have left their garbage.
      const idle: number[] = [];
      for (let round = 0; round < rounds; round++)
        idle.push(((await scene.idle(IDLE_SECONDS * 1_000)) / IDLE_SECONDS) * 100);
      const seconds = Math.max(BUSY_SECONDS_MIN, connections / PER_SECOND);
      const ticks = (seconds * 1_000) / EVENTS.intervalMs;
      const busy: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const { cpuSeconds, missing } = await scene.publish({ ...EVENTS, ticks, topics: connections });
        if (missing !== 0) throw new Error(`${missing} deliveries are missing`);
        busy.push((cpuSeconds / seconds) * 100);
      }
      return { idlePercent: median(idle), busyPercent: median(busy) };
    },
  );
