import { mkdirSync } from 'node:fs';
import { option, text } from '../crash/harness.js';
import { Rng } from '../rng.js';
import type { Fault } from './faults/Fault.js';
import { faults as all } from './faults/index.js';
import { Load } from './load/Load.js';
import { Story } from './load/Story.js';
import { drawn, Nemesis } from './Nemesis.js';
import { Report } from './Report.js';
import { ChaosStage, type StageOptions } from './stage/ChaosStage.js';

/** Ops of a client in a second, unless `--rate` says how many of all. */
const RATE_OF_CLIENT = 0.5;
const SHOWN_MAX = 20;

/**
 * `npm run test:chaos -- --minutes 10 [--clients 200 --rate 100 --seed S --redis single|cluster|none]`: three real `topgun start --cluster`
 * over a real PostgreSQL and a real Redis, a net of our own between each two of them and before their clients, and faults of all kinds. After
 * each: nothing that was answered as durable is lost, nothing is done twice, everybody shows the same within 15 s, everything is owned again within 15 s
 * of a death, and nobody has written to what was not his (docs/specs/cluster.md, CLU-80 to CLU-84). Code 1 when something of that is not so.
 *
 * `--faults "node killed,Redis flushed"` does these once instead, in this order, and asks for no times; `--menu` names all. `--history FILE` takes down every
 * op, `--logs FOLDER` what the nodes print. `--lower-fence` has the database commit whatever comes, which must be found out.
 */
async function main(): Promise<number> {
  if (process.argv.includes('--menu')) {
    console.log(all.map(({ kind }) => kind).join('\n'));
    return 0;
  }
  const minutes = option('minutes') ?? 10;
  const clients = option('clients') ?? 200;
  const opsPerSecond = option('rate') ?? clients * RATE_OF_CLIENT;
  const seed = option('seed') ?? Date.now() % 1_000_000;
  const redis = kindOf(text('redis') ?? 'single');
  const asked = text('faults')?.split(',').map(named);
  const logs = text('logs');
  if (logs !== undefined) mkdirSync(logs, { recursive: true });
  const rng = new Rng(seed);
  const story = new Story(text('history'));
  const report = new Report();
  const [net, work] = [rng.fork(), rng.fork()];
  const stage = await ChaosStage.open({ redis, random: () => net.float(), logs });
  const load = new Load(stage, { clients, opsPerSecond, rng: work, story });
  const began = performance.now();
  const say = (line: string): void => {
    console.log(`[${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s] ${line}`);
  };
  try {
    await load.open();
    if (process.argv.includes('--lower-fence')) await stage.witness.lowerFence();
    load.resume();
    const nemesis = new Nemesis({ stage, load, story, report, rng, say });
    const possible = all.filter(({ group }) => redis !== 'none' || group !== 'bus');
    if (asked !== undefined) for (const fault of asked) await nemesis.strike([fault]);
    else
      for (const fault of drawn(possible, rng)) {
        if (performance.now() - began > minutes * 60_000) break;
        await nemesis.strike(fault);
      }
  } catch (error) {
    story.faults.push(error instanceof Error ? error.message : String(error));
  } finally {
    story.flush();
    await load.close();
    await stage.close();
  }
  const missed = asked === undefined ? report.missed(minutes) : [];
  for (const fault of [...story.faults, ...missed].slice(0, SHOWN_MAX)) console.log(`FAULT: ${fault}`);
  const troubles =
    [...story.troubles].map(([trouble, count]) => `${count} x ${trouble}`).join(', ') || 'none';
  const { count, median, max } = report.deaths;
  console.log(
    `${report.table}\n  apps were told: ${troubles}; ${story.unrecovered} listeners that they missed messages`,
  );
  console.log(`  ${count} deaths, owned again after ${median} ms (median), ${max} ms (most)`);
  const broken = story.faults.length + missed.length;
  console.log(
    `${report.faults} faults of ${report.kinds} kinds, ${clients} clients, ${story.answered} ops answered as durable, ${load.messages} messages, ${broken} broken promises, ${Math.round((performance.now() - began) / 1_000)} s, seed ${seed}`,
  );
  return broken === 0 ? 0 : 1;
}

function kindOf(said: string): StageOptions['redis'] {
  if (said === 'none' || said === 'single' || said === 'cluster') return said;
  throw new Error(`--redis is single, cluster or none, and not ${said}.`);
}

function named(kind: string): Fault {
  const found = all.find((fault) => fault.kind === kind);
  if (found === undefined) throw new Error(`There is no fault "${kind}": --menu names all.`);
  return found;
}

process.exitCode = await main();
