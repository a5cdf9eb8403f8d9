import { answersAfter, option } from '../crash/harness.js';
import { Writer } from '../crash/Writer.js';
import { Rng } from '../rng.js';
import { until } from '../rolling/until.js';
import { Adder } from './Adder.js';
import { ClusterNodes } from './ClusterNodes.js';
import { judgeNodes } from './judgeNodes.js';
import { areWhole, ownAll } from './ownAll.js';

const NODES = 3;
const KEYS_PER_CLIENT = 50;
const OUTSTANDING = 10;
const ADD_EVERY_MS = 50;
/** A node that died is replaced in that time. */
const OWNED_AGAIN_MS = 15_000;
const HEALED_MS = 60_000;

/**
 * `npm run test:cluster [-- --kills 1 --stops 1 --clients 2 --seed S]`: three real `topgun start --cluster` over one PostgreSQL, clients that write
 * at each of them to the same maps. A node is killed with SIGKILL under load: all partitions have to be owned by the others within 15 s.
 * It is started again. Another one is stopped with SIGTERM and started again: nobody may see an error. In the end every node has to show every
 * answered write, counters the exact sum, and all the same roots.
 */
async function main(): Promise<number> {
  const kills = option('kills') ?? 1;
  const stops = option('stops') ?? 1;
  const perNode = option('clients') ?? 2;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const rng = new Rng(seed);
  const began = performance.now();
  const nodes = await ClusterNodes.open(NODES);
  const writers: Writer[] = [];
  const adders: Adder[] = [];
  const faults: string[] = [];
  let ownedAgainMs = 0;
  const all = Array.from({ length: NODES }, (_, at) => at);
  const isWhole = (): Promise<boolean> => areWhole(nodes, all);
  try {
    await until('all nodes own partitions', HEALED_MS, isWhole);
    for (const at of all) {
      for (let nth = 0; nth < perNode; nth++)
        writers.push(new Writer(nodes.url(at), nodes.token, `w${at}-${nth}`, KEYS_PER_CLIENT));
      adders.push(new Adder(nodes.url(at), nodes.token, `${at}`));
    }
    for (const writer of writers) writer.start(OUTSTANDING);
    for (const adder of adders) adder.start(ADD_EVERY_MS);

    for (let kill = 0; kill < kills; kill++) {
      await answersAfter(writers, rng.int(50, 500));
      const victim = rng.int(0, NODES - 1);
      await nodes.kill(victim);
      const since = performance.now();
      const others = all.filter((at) => at !== victim);
      await until('everything is owned again', OWNED_AGAIN_MS, () => ownAll(nodes, others));
      ownedAgainMs = Math.max(ownedAgainMs, performance.now() - since);
      await answersAfter(writers, 100);
      await nodes.start(victim);
      await until('the node has partitions again', HEALED_MS, isWhole);
    }

    for (const { troubles } of writers) troubles.length = 0;
    for (let stop = 0; stop < stops; stop++) {
      await answersAfter(writers, 100);
      const at = rng.int(0, NODES - 1);
      const { code, output } = await nodes.stop(at);
      if (code !== 0) faults.push(`node ${at} ended with code ${code}: ${output}`);
      await answersAfter(writers, 100);
      await nodes.start(at);
      await until('the node has partitions again', HEALED_MS, isWhole);
    }
    for (const { troubles } of writers) faults.push(...troubles);

    await Promise.all([...writers, ...adders].map((client) => client.finish()));
    faults.push(...(await judgeNodes(nodes, all, { writers, adders })));
  } finally {
    await Promise.allSettled([...writers, ...adders].map((client) => client.stop()));
    await nodes.close();
  }
  for (const fault of faults.slice(0, 20)) console.log(`FAULT: ${fault}`);
  const answers = writers.reduce((sum, { acknowledgements }) => sum + acknowledgements, 0);
  const added = adders.reduce((sum, one) => sum + one.added, 0);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `${kills} kills, ${stops} stops, ${answers} acknowledged writes, ${added} additions, all owned again after ${Math.round(ownedAgainMs)} ms, ${faults.length} faults, ${seconds} s, seed ${seed}`,
  );
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main();
