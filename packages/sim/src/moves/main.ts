import { clusterOf } from '@topgun/client/cluster';
import { PARTITION_COUNT } from '@topgun/core';
import { Adder } from '../cluster/Adder.js';
import { ClusterNodes } from '../cluster/ClusterNodes.js';
import { judgeNodes } from '../cluster/judgeNodes.js';
import { option } from '../crash/harness.js';
import { MANY_OF_ONE } from '../crash/manyOfOne.js';
import { Rng } from '../rng.js';
import { until } from '../rolling/until.js';
import { Balancer } from './Balancer.js';
import { figuresOf, partByMoves } from './figures.js';
import { HttpWriter } from './HttpWriter.js';
import { isSettled } from './isSettled.js';
import { Mover } from './Mover.js';
import { OwnerWatch } from './OwnerWatch.js';
import { type Outcome, tableOf } from './tableOf.js';

const NODES = 3;
const CLIENTS_PER_MAP = 5;
/** One in so many clients comes through a balancer and knows nothing of a cluster: it is told to come back later, so its times are no matter. */
const BALANCED = 5;
const ADDERS = 6;
const ADD_EVERY_MS = 250;
const HTTP_EVERY_MS = 200;
/** What a node that joins or leaves may move, where there are four with it (CLU-11). */
const MOVES_MAX = Math.ceil(PARTITION_COUNT / (NODES + 1)) + 1;
/** What a planned move may add to the slowest writes of the keys that it touches (O5). */
const ADDED_MS_MAX = 2_000;
const SETTLED_MS = 120_000;

/** A part of the run; times by `performance.now()`. */
interface Phase {
  readonly name: string;
  readonly calmFrom: number;
  readonly from: number;
  readonly to: number;
  readonly troubles: number;
  /** how many partitions may move, if that is bounded */
  readonly movesMax?: number;
}

/**
 * `npm run test:moves [-- --clients 100 --per-second 150 --calm 1500 --seed S --untimed]`: three real nodes of one cluster, under clients that write
 * at a steady pace to all partitions, most of them to the nodes themselves, some through a balancer, one over HTTP. A fourth node joins; a node is drained and stopped; the three that are left are restarted in turn, with
 * SIGTERM, each as soon as the one before it is ready. No app may be told of an error; no answered write may be lost and no addition be
 * done twice; a join or leave may move no more than its share; and the slowest writes may become slower by 2 s at most, which
 * `--untimed` does not look at. `--calm`: so many writes are made before each of these.
 */
async function main(): Promise<number> {
  const clients = option('clients') ?? 100;
  const everyMs = (clients * 1000) / (option('per-second') ?? 150);
  const calmWrites = option('calm') ?? 1_500;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const isTimed = !process.argv.includes('--untimed');
  const rng = new Rng(seed);
  const began = performance.now();
  const nodes = await ClusterNodes.open(NODES, { flags: MANY_OF_ONE });
  const seeds = Array.from({ length: NODES }, (_, at) => nodes.url(at));
  const balancer = await Balancer.before(nodes);
  const movers: Mover[] = [];
  const balanced: Mover[] = [];
  const adders: Adder[] = [];
  const http = new HttpWriter(balancer.url.replace('ws:', 'http:'), nodes.token);
  const faults: string[] = [];
  const phases: Phase[] = [];
  const watch = new OwnerWatch(nodes);
  let living = seeds.map((_, at) => at);

  const everybody = (): readonly (Mover | Adder | HttpWriter)[] => [...movers, ...balanced, ...adders, http];
  const answered = (): number => movers.reduce((sum, { samples }) => sum + samples.length, 0);
  const troubles = (): readonly string[] => everybody().flatMap((client) => client.troubles);
  const settled = (): Promise<void> =>
    until('every partition is where it belongs', SETTLED_MS, () => isSettled(nodes, living));
  const phase = async (name: string, run: () => Promise<void>, movesMax?: number): Promise<void> => {
    const [calmFrom, before, known] = [performance.now(), answered(), troubles().length];
    await until('calm writes are answered', SETTLED_MS, () => answered() >= before + calmWrites);
    const from = performance.now();
    await run();
    await settled();
    await watch.looked();
    const to = performance.now();
    const bound = movesMax === undefined ? {} : { movesMax };
    phases.push({ name, calmFrom, from, to, troubles: troubles().length - known, ...bound });
  };
  const stop = async (at: number): Promise<void> => {
    const { code, output } = await nodes.stop(at);
    if (code !== 0) faults.push(`node ${at} ended with code ${code}: ${output}`);
  };

  try {
    await settled();
    for (let at = 0; at < clients; at++) {
      const isBalanced = at % BALANCED === 0;
      const way = isBalanced ? balancer.url : clusterOf({ seeds });
      const map = `moves-${Math.floor(at / CLIENTS_PER_MAP)}`;
      (isBalanced ? balanced : movers).push(new Mover(way, nodes.token, at, map));
    }
    for (let at = 0; at < ADDERS; at++) adders.push(new Adder(clusterOf({ seeds }), nodes.token, `${at}`));
    const writers = [...movers, ...balanced];
    await Promise.all(writers.map((mover) => mover.ready()));
    for (const [at, mover] of writers.entries()) mover.start(everyMs, (at * everyMs) / clients);
    for (const adder of adders) adder.start(ADD_EVERY_MS);
    http.start(HTTP_EVERY_MS);
    // Programs are slow in their first moments.
    await until('the first writes are answered', SETTLED_MS, () => answered() >= calmWrites / 2);

    await phase(
      'a fourth node joins',
      async () => {
        const at = await nodes.add();
        await nodes.start(at);
        living = [...living, at];
      },
      MOVES_MAX,
    );
    await phase(
      'one is drained and stopped',
      async () => {
        const leaver = rng.pick(living);
        await nodes.drain(leaver);
        await until('it owns nothing', SETTLED_MS, async () => (await nodes.facts(leaver))?.owned === 0);
        await stop(leaver);
        living = living.filter((at) => at !== leaver);
      },
      MOVES_MAX,
    );
    await phase('all are restarted in turn', async () => {
      for (const at of living) {
        await stop(at);
        await nodes.start(at);
      }
    });

    const finished = Promise.all(everybody().map((client) => client.finish()));
    let isFinished = false;
    void finished.then(() => {
      isFinished = true;
    });
    await until('all is answered', SETTLED_MS, () => isFinished);
    faults.push(
      ...(await judgeNodes(nodes, living, { writers: [...writers, http], adders: [...adders, http] })),
    );
  } catch (error) {
    faults.push(String(error));
  } finally {
    faults.push(...troubles());
    await watch.stop();
    await Promise.allSettled(everybody().map((client) => client.stop()));
    balancer.close();
    await nodes.close();
  }

  const outcomes = phases.map((one) => outcomeOf(one, movers, watch));
  for (const { name, added, moved, movesMax } of outcomes) {
    if (movesMax !== undefined && moved > movesMax)
      faults.push(`${name}: ${moved} partitions moved, ${movesMax} may`);
    if (isTimed && added > ADDED_MS_MAX)
      faults.push(`${name}: touched keys waited ${Math.round(added)} ms longer, ${ADDED_MS_MAX} may be`);
  }
  for (const line of tableOf(outcomes)) console.log(line);
  for (const fault of faults.slice(0, 20)) console.log(`FAULT: ${fault}`);
  const additions = adders.reduce((sum, { added }) => sum + added, 0);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `${clients} clients, ${answered()} acknowledged writes that were timed, ${additions} additions, ${troubles().length} errors, ${faults.length} faults, ${seconds} s, seed ${seed}`,
  );
  return faults.length === 0 ? 0 : 1;
}

function outcomeOf(
  { name, calmFrom, from, to, troubles, movesMax }: Phase,
  movers: readonly Mover[],
  watch: OwnerWatch,
): Outcome {
  const all = movers.flatMap(({ samples }) => samples);
  const within = (begin: number, end: number) =>
    all.filter(({ beganAt }) => beganAt >= begin && beganAt < end);
  const moves = watch.moves.filter(({ at }) => at >= from && at <= to);
  const { touched, others } = partByMoves(within(from, to), moves);
  const calm = figuresOf(within(calmFrom, from));
  const slow = figuresOf(touched);
  return {
    ...{ name, calm, touched: slow, others: figuresOf(others), troubles },
    added: slow.p99 - calm.p99,
    moved: new Set(moves.map(({ pid }) => pid)).size,
    seconds: (to - from) / 1000,
    ...(movesMax !== undefined && { movesMax }),
  };
}

process.exitCode = await main();
