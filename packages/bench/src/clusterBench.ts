import { startPostgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import { startChild } from './child.js';
import { ClusterScene } from './cluster/ClusterScene.js';
import type { PacedAnswer } from './cluster/paced.js';
import type { Bar } from './coreBench.js';
import { postgresCpu } from './database/postgresCpu.js';
import { quantile } from './doors/latency.js';
import type { CpuAnswer, LoadAnswer, LoadRequest } from './server/requests.js';
import { median, short } from './statistics.js';

interface Load {
  readonly clients: number;
  /** frames in flight of each */
  readonly window: number;
  readonly keysPerClient: number;
}

const OPS_PER_FRAME = 20;
/** More keys of a client than it has in flight, and few enough that all rows exist before anything is measured. */
const FULL: Load = { clients: 200, window: 2, keysPerClient: 50 };
/** As many rows, and commits of a twentieth. */
const LIGHT: Load = { clients: 20, window: 1, keysPerClient: 500 };
const WARM_UP_MS = 2_000;
const NODES = 3;
const COST_BAR = 1.7;
const ROUTED_BAR = 2;
/** of what three nodes carry: how much is written while it is measured how long a write takes */
const MODEST = 0.15;
const PACED_CLIENTS = 10;

/** Of one run. */
interface Figures {
  readonly ops: number;
  readonly seconds: number;
  /** CPU seconds */
  readonly nodes: number;
  readonly database: number;
  readonly commits: number;
}

const ALONE = 'server, no cluster';
const OF_ONE = 'cluster of one';
const SAME = 'pg alone, same commits';
const FEW = 'cluster of one, 20 clients';
const SAME_OF_FEW = 'pg alone, their commits';

/**
 * What PostgreSQL costs a server, and what nodes cost each other. 200 clients with two frames of 20 ops in flight overwrite 50 records of
 * five fields each; an op counts when it was answered PERSISTED. CPU is that of the processes of all nodes and of PostgreSQL with all of its
 * children; clients are not in it. Each measurement has a fresh PostgreSQL that waits for its disk, and begins when every row exists.
 *
 * `pg alone` is one process that stores the same rows into the same tables by the same statements (`cluster/sameRows.ts`), as many
 * ops to a commit as the commits of the server had in the same round; its own CPU counts, and that of PostgreSQL. The bar is held
 * by the median of the ratios of the rounds, of the server without a cluster and of a cluster of one. Without a bar the same is said of
 * 20 clients with one frame in flight, whose commits are a twentieth as large.
 *
 * Then two and three nodes whose clients write to anything, and three whose clients write to what their node owns. Last, at a seventh of what
 * three nodes have carried, how long a frame takes from when it is due until its last op is answered: of clients at the owner,
 * and of as many at another node, in turns.
 */
export async function clusterBench(rounds: number, seconds: number): Promise<Bar[]> {
  const figures = new Map<string, Figures[]>();
  const note = (name: string, made: Figures): Figures => {
    figures.set(name, [...(figures.get(name) ?? []), made]);
    return made;
  };
  const ratios = new Map<string, number[]>();
  const compare = async (name: string, same: string, nodes: number, load: Load): Promise<void> => {
    const served = note(name, await ClusterScene.play(nodes, (scene) => loaded(scene, load, seconds)));
    const alone = note(same, await pgAlone(served.ops / served.commits, load, seconds));
    ratios.set(name, [...(ratios.get(name) ?? []), cpuMicros(served) / cpuMicros(alone)]);
  };
  const ratio = (name: string): number => median(ratios.get(name) ?? []);
  const paces: PacedAnswer[] = [];
  for (let round = 0; round < rounds; round++) {
    // Who comes first meets what the round before has left to the disk.
    const order = [() => compare(ALONE, SAME, 0, FULL), () => compare(OF_ONE, SAME, 1, FULL)];
    for (const measure of round % 2 === 0 ? order : order.toReversed()) await measure();
    await compare(FEW, SAME_OF_FEW, 1, LIGHT);
    note('2 nodes, any', await ClusterScene.play(2, (scene) => loaded(scene, FULL, seconds)));
    await ClusterScene.play(NODES, async (scene) => {
      const { ops, seconds: took } = note(`${NODES} nodes, any`, await loaded(scene, FULL, seconds));
      paces.push(await paced(scene, (MODEST * ops) / took / OPS_PER_FRAME, seconds));
    });
    note(
      `${NODES} nodes, direct`,
      await ClusterScene.play(NODES, (scene) => loaded(scene, FULL, seconds, true)),
    );
  }
  tell(figures);
  const ms = (way: keyof PacedAnswer, share: number): number =>
    median(paces.map((pace) => quantile(pace[way], share)));
  console.log(`CPU per op, ${FEW} ÷ ${SAME_OF_FEW}: ${short(ratio(FEW))}`);
  for (const way of ['direct', 'routed'] as const)
    console.log(
      `${NODES} nodes at ${MODEST * 100} % load, ${way}: p50 ${short(ms(way, 0.5))} ms, p99 ${short(ms(way, 0.99))} ms`,
    );
  const bar = (name: string, value: number, limit: number): Bar => ({
    name: `${name} ≤ ${limit}`,
    value,
    holds: value <= limit,
  });
  return [
    bar(`cluster: CPU per op, ${ALONE} ÷ ${SAME}`, ratio(ALONE), COST_BAR),
    bar(`cluster: CPU per op, ${OF_ONE} ÷ ${SAME}`, ratio(OF_ONE), COST_BAR),
    bar(
      'cluster: p99 through another node ÷ at the owner',
      ms('routed', 0.99) / ms('direct', 0.99),
      ROUTED_BAR,
    ),
  ];
}

const cpuMicros = ({ nodes, database, ops }: Figures): number => ((nodes + database) * 1e6) / ops;

function tell(figures: ReadonlyMap<string, readonly Figures[]>): void {
  console.log(
    `Cluster: ${FULL.clients} clients, frames of ${OPS_PER_FRAME} ops, PERSISTED; CPU of nodes and PostgreSQL together`,
  );
  const columns = ['CPU µs/op', 'nodes', 'PostgreSQL', 'ops/s wall', 'ops/CPU s', 'ops/commit'];
  console.log(`${''.padEnd(28)}${columns.map((column) => column.padStart(12)).join('')}`);
  for (const [name, made] of figures) {
    const of = (figure: (one: Figures) => number): number => median(made.map(figure));
    const cells = [
      of(cpuMicros).toFixed(1),
      of(({ nodes, ops }) => (nodes * 1e6) / ops).toFixed(1),
      of(({ database, ops }) => (database * 1e6) / ops).toFixed(1),
      short(of(({ ops, seconds }) => ops / seconds)),
      short(of((one) => 1e6 / cpuMicros(one))),
      of(({ ops, commits }) => ops / commits).toFixed(0),
    ];
    console.log(`${name.padEnd(28)}${cells.map((cell) => cell.padStart(12)).join('')}`);
  }
}

/** `isDirect`: clients write to what their node owns. */
async function loaded(
  scene: ClusterScene,
  { clients, window, keysPerClient }: Load,
  seconds: number,
  isDirect = false,
): Promise<Figures> {
  const client = startChild('load');
  try {
    const request: LoadRequest = {
      what: 'connect',
      ports: scene.ports,
      ...(isDirect && { pids: await scene.owned() }),
      opsPerFrame: OPS_PER_FRAME,
      ...{ keysPerClient, clients, window, milliseconds: 0 },
    };
    await client.ask(request);
    const run = (milliseconds: number): Promise<LoadAnswer> =>
      client.ask<LoadAnswer>({ ...request, what: 'run', milliseconds });
    await filled(clients * keysPerClient, run);
    const before = await scene.used();
    const { ops, seconds: took } = await run(seconds * 1_000);
    const after = await scene.used();
    return {
      ops,
      seconds: took,
      nodes: after.nodes - before.nodes,
      database: after.database - before.database,
      commits: after.commits - before.commits,
    };
  } finally {
    client.stop();
  }
}

/** Until every row exists. */
async function filled(rows: number, run: (milliseconds: number) => Promise<LoadAnswer>): Promise<void> {
  for (let ops = 0; ops < 1.5 * rows; ) ops += (await run(WARM_UP_MS)).ops;
}

async function pgAlone(
  opsPerCommit: number,
  { clients, keysPerClient }: Load,
  seconds: number,
): Promise<Figures> {
  const postgres = await startPostgres({ durable: true });
  const client = startChild('same-rows');
  try {
    const shape = { clients, opsPerFrame: OPS_PER_FRAME, keysPerClient };
    await client.ask({ what: 'start', url: postgres.url, ...shape });
    const run = (milliseconds: number): Promise<LoadAnswer> =>
      client.ask<LoadAnswer>({ what: 'run', opsPerCommit, milliseconds });
    const used = async (): Promise<readonly [own: number, database: number]> => [
      (await client.ask<CpuAnswer>({ what: 'cpu' })).cpuSeconds,
      postgresCpu(postgres.processId()),
    ];
    await filled(clients * keysPerClient, run);
    const before = await used();
    const { ops, seconds: took } = await run(seconds * 1_000);
    const after = await used();
    return {
      ops,
      seconds: took,
      nodes: after[0] - before[0],
      database: after[1] - before[1],
      commits: ops / opsPerCommit,
    };
  } finally {
    client.stop();
    await postgres.stop();
  }
}

async function paced(scene: ClusterScene, framesPerSecond: number, seconds: number): Promise<PacedAnswer> {
  const client = startChild('paced');
  try {
    const shape = { clients: PACED_CLIENTS, opsPerFrame: OPS_PER_FRAME, keysPerClient: FULL.keysPerClient };
    await client.ask({ what: 'connect', ports: scene.ports, pids: await scene.owned(), ...shape });
    const run = (milliseconds: number): Promise<PacedAnswer> =>
      client.ask<PacedAnswer>({ what: 'run', framesPerSecond, milliseconds });
    await run(WARM_UP_MS);
    return await run(seconds * 1_000);
  } finally {
    client.stop();
  }
}
