import { option, text } from '../crash/harness.js';
import { Rng } from '../rng.js';
import { Disaster } from './Disaster.js';
import type { TopicPlace } from './judgeTopics.js';

/**
 * `npm run test:disaster [-- --rounds 3 --topics redis|postgres --seed S]`: three real nodes of one cluster under load, with topics in a real Redis,
 * then without one. All nodes are killed with SIGKILL at once, Redis forgets everything (FLUSHALL), PostgreSQL stops the way it calls immediate;
 * everything is started again. Every answered write has to be there, every counter be its exact sum, what devices still held arrive, also of
 * one that was closed meanwhile; accepted messages have to be where they were promised to be; all partitions are owned again, and all roots the same.
 */
async function main(): Promise<number> {
  const rounds = option('rounds') ?? 3;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const rng = new Rng(seed);
  let faults = 0;
  for (const place of places()) {
    const began = performance.now();
    const disaster = await Disaster.open(place);
    try {
      for (let round = 1; round <= rounds; round++) await disaster.round(round, rng);
    } finally {
      await disaster.close();
    }
    for (const fault of disaster.faults.slice(0, 20)) console.log(`FAULT: ${fault}`);
    faults += disaster.faults.length;
    const { writes, additions, messages } = disaster.figures;
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(
      `topics in ${place}: ${rounds} disasters, ${writes} acknowledged writes, ${additions} additions, ${messages} accepted messages, whole again after ${Math.round(disaster.wholeMs)} ms, ${disaster.faults.length} faults, ${seconds} s, seed ${seed}`,
    );
  }
  return faults === 0 ? 0 : 1;
}

function places(): readonly TopicPlace[] {
  const place = text('topics');
  if (place === undefined) return ['redis', 'postgres'];
  if (place !== 'redis' && place !== 'postgres')
    throw new Error(`--topics is redis or postgres, not ${place}`);
  return [place];
}

process.exitCode = await main();
