import type { Bar } from './coreBench.js';
import { benchToken } from './doors/benchToken.js';
import { DoorScene } from './doors/DoorScene.js';
import type { DoorKind } from './doors/requests.js';
import { guardedConfig } from './doors/serverConfig.js';
import { median, short } from './statistics.js';

const FEW = 4_000;
const MANY = 16_000;
const GENERATORS = 4;
/** Connections that share a topic. */
const PER_TOPIC = 100;
/** The stricter reading of the bars: 1,000 bytes, not 1,024. */
const KB = 1_000;
const MIB = 1_048_576;
const SMALL = '--max-semi-space-size=2';

interface Contest {
  readonly name: string;
  readonly kind: DoorKind;
  readonly flags: readonly string[];
  /** kB of resident memory for each connection, from the few to the many */
  readonly bar: number;
  readonly title: string;
}

const contests: readonly Contest[] = [
  {
    name: 'SSE',
    kind: 'sse',
    flags: [],
    bar: 10,
    title: '[S001-13] idle: kB of RSS for each stream of events',
  },
  {
    name: 'SSE, small semi-space',
    kind: 'sse',
    flags: [SMALL],
    bar: 10,
    title: '[S001-13] idle: kB of RSS for each stream of events with a small semi-space',
  },
  {
    name: 'JSON WebSocket',
    kind: 'json',
    flags: [],
    bar: 15,
    title: '[S003-23] idle: kB of RSS for each JSON WebSocket',
  },
  {
    name: 'binary WebSocket',
    kind: 'binary',
    flags: [],
    bar: 15,
    title: 'idle: kB of RSS for each binary WebSocket',
  },
];

/** Memory that an idle connection costs, authenticated and with one subscription: RSS after a collection at none, 4,000 and 16,000 of them. */
export async function idleBench(rounds: number): Promise<Bar[]> {
  console.log(
    `Idle connections: authenticated, one topic for each ${PER_TOPIC}; RSS after a collection. Flags: --max-old-space-size=4096 and what is named; the slope is that from ${FEW} to ${MANY}`,
  );
  const columns = ['none MB', `${FEW} MB`, `${MANY} MB`, 'kB each', 'heap kB each'];
  console.log(`${'door'.padEnd(24)}${columns.map((name) => name.padStart(15)).join('')}`);
  const bars: Bar[] = [];
  for (const contest of contests) {
    const runs: Awaited<ReturnType<typeof run>>[] = [];
    for (let round = 0; round < rounds; round++) runs.push(await run(contest));
    const middle = (of: (one: (typeof runs)[number]) => number): number => median(runs.map(of));
    const slope = middle(({ few, many }) => (many.residentBytes - few.residentBytes) / (MANY - FEW) / KB);
    const heapSlope = middle(({ few, many }) => (many.heapBytes - few.heapBytes) / (MANY - FEW) / KB);
    const figures = (['none', 'few', 'many'] as const).map((at) =>
      middle((one) => one[at].residentBytes / 1e6),
    );
    console.log(
      `${contest.name.padEnd(24)}${[...figures, slope, heapSlope].map((v) => short(v).padStart(15)).join('')}`,
    );
    bars.push({ name: `${contest.title} ≤ ${contest.bar}`, value: slope, holds: slope <= contest.bar });
    if (contest.kind === 'json') {
      const mebibytes = middle(
        ({ none, many }) =>
          (none.residentBytes + ((many.residentBytes - none.residentBytes) * 10_000) / MANY) / MIB,
      );
      bars.push({
        name: '[S004-28] idle: MiB with 10,000 connections ≤ 512',
        value: mebibytes,
        holds: mebibytes <= 512,
      });
    }
  }
  return bars;
}

const run = async ({ kind, flags }: Contest) =>
  DoorScene.play(
    { kind, flags, perTopic: PER_TOPIC, generators: GENERATORS, config: guardedConfig, token: benchToken() },
    async (scene) => {
      const none = await scene.memory();
      await scene.connect(FEW);
      const few = await scene.memory();
      await scene.connect(MANY);
      const many = await scene.memory();
      return { none, few, many };
    },
  );
