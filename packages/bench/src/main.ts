import { cpus } from 'node:os';
import { clusterBench } from './clusterBench.js';
import { connectionsBench } from './connectionsBench.js';
import { coreBench } from './coreBench.js';
import { databaseBench } from './databaseBench.js';
import { deltaBench } from './deltaBench.js';
import { fanoutBench } from './fanoutBench.js';
import { hostileBench } from './hostileBench.js';
import { idleBench } from './idleBench.js';
import { indexesBench } from './indexesBench.js';
import { latencyBench } from './latencyBench.js';
import { loadBench } from './loadBench.js';
import { nodesBench } from './nodesBench.js';
import { queriesBench } from './queriesBench.js';
import { serverBench } from './serverBench.js';
import { stalledBench } from './stalledBench.js';
import { subscriptionsBench } from './subscriptionsBench.js';

/** `--only cluster|connections|core|database|delta|fanout|hostile|idle|indexes|latency|load|nodes|queries|server|stalled|subscriptions`, `--rounds N` (default 3), `--seconds N` (default 5). Exit code 1 when a bar does not hold. */
function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const rounds = Number(option('rounds') ?? 3);
const seconds = Number(option('seconds') ?? 5);
const only = option('only');

console.log(
  `${rounds} interleaved rounds, medians; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`,
);
const bars = [];
if (only === undefined || only === 'connections') bars.push(...(await connectionsBench(rounds)));
if (only === undefined || only === 'core') bars.push(...(await coreBench(rounds)));
// They need a PostgreSQL, so they have to be asked for.
if (only === 'cluster') bars.push(...(await clusterBench(rounds, seconds)));
if (only === 'database') bars.push(...(await databaseBench(rounds, seconds)));
if (only === undefined || only === 'delta') bars.push(...(await deltaBench(rounds)));
if (only === undefined || only === 'fanout') bars.push(...(await fanoutBench(rounds)));
if (only === undefined || only === 'hostile') bars.push(...(await hostileBench(rounds, seconds)));
if (only === undefined || only === 'idle') bars.push(...(await idleBench(rounds)));
if (only === undefined || only === 'indexes') bars.push(...indexesBench(rounds));
if (only === undefined || only === 'latency') bars.push(...(await latencyBench(rounds)));
if (only === undefined || only === 'load') bars.push(...(await loadBench(rounds)));
if (only === undefined || only === 'nodes') bars.push(...(await nodesBench(rounds)));
if (only === undefined || only === 'queries') bars.push(...(await queriesBench(rounds)));
if (only === undefined || only === 'server') bars.push(...(await serverBench(rounds, seconds)));
if (only === undefined || only === 'stalled') bars.push(...(await stalledBench()));
if (only === undefined || only === 'subscriptions') bars.push(...(await subscriptionsBench(rounds, seconds)));
for (const { name, value, holds } of bars)
  console.log(`${holds ? 'holds' : 'FALLS SHORT'}  ${name}: ${value.toFixed(2)}`);
if (bars.some((bar) => !bar.holds)) process.exitCode = 1;
