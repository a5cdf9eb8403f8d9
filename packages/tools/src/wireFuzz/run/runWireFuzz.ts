import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NeighbourReport, ServerState } from '../child/messages.js';
import { AREAS } from '../Family.js';
import { families } from '../families/index.js';
import { Child } from './Child.js';
import { type Failure, type FamilyRun, FamilyRunner, nameOf } from './FamilyRunner.js';

export interface WireFuzzOptions {
  /** of the corpus, shared among its families */
  readonly inputs: number;
  readonly seed: number;
  /** only families whose names hold this */
  readonly family?: string;
  /** only the input of this number of each family */
  readonly at?: number;
  readonly say: (line: string) => void;
}

export interface WireFuzzReport {
  readonly families: number;
  readonly inputs: number;
  readonly blockMs: number;
  readonly rssGrowthBytes: number;
  readonly neighbour: NeighbourReport;
  readonly failures: readonly Failure[];
}

/** What no input may do (docs/specs/wire-fuzz.md). */
const BLOCK_MS_MAX = 50;
const RSS_GROWTH_MAX = 64 * 2 ** 20;
const NEIGHBOUR_P99_MS_MAX = 100;
const IDLE_MS = 5_000;
/** Connections that send at once: what they send in the same moment is one turn of the event loop. */
const LANES = 2;
/** Inputs of each family before anything is measured: code is compiled and pools are filled by then. */
const WARM_UP = 8;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a server and a neighbour as processes of their own, sends the corpus, and says what does not hold. */
export async function runWireFuzz(options: WireFuzzOptions): Promise<WireFuzzReport> {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-wire-fuzz-'));
  const started: Child[] = [];
  try {
    const server = await Child.start<number>('server', 'port', [folder]);
    started.push(server.child);
    const neighbour = await Child.start('neighbour', 'ready', [String(server.value)]);
    started.unshift(neighbour.child);
    return await fuzz(options, server.child, server.value, neighbour.child);
  } finally {
    for (const child of started) await child.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fuzz(
  { inputs, seed, family: part = '', at, say }: WireFuzzOptions,
  server: Child,
  port: number,
  neighbour: Child,
): Promise<WireFuzzReport> {
  const chosen = families.filter((family) => nameOf(family).includes(part));
  const runner = new FamilyRunner({ port, server, seed, lanes: LANES });
  const runs: FamilyRun[] = [];
  const keep = (run: FamilyRun): void => {
    runs.push(run);
    for (const failure of run.failures) say(replayOf(failure, seed));
  };
  const perFamily = Math.ceil(inputs / chosen.length);
  if (at === undefined)
    for (const family of chosen)
      if (family.atMost === undefined) keep(await runner.run(family, Math.min(WARM_UP, perFamily), inputs));
  const warmUp = runs.splice(0).flatMap((run) => run.failures);
  await pause(IDLE_MS);
  const before = await server.ask<ServerState>('state');
  const begun = performance.now();
  for (const family of chosen)
    keep(await (at === undefined ? runner.run(family, perFamily) : runner.run(family, 1, at)));
  const seconds = (performance.now() - begun) / 1000;
  runner.close();
  await pause(IDLE_MS);
  const after = await server.ask<ServerState>('state');
  const seen = await neighbour.ask<NeighbourReport>('state');
  const report = { families: chosen.length, ...measured(runs, before, after), neighbour: seen };
  const limits = beyondLimits(report, runs);
  const failures = [...warmUp, ...runs.flatMap((run) => run.failures), ...limits];
  for (const line of lines(runs, report, seconds, seed)) say(line);
  for (const { what } of limits) say(what);
  return { ...report, failures };
}

function measured(runs: readonly FamilyRun[], before: ServerState, after: ServerState) {
  return {
    inputs: runs.reduce((sum, run) => sum + run.inputs, 0),
    blockMs: runs.reduce((worst, run) => Math.max(worst, run.blockMs), 0),
    rssGrowthBytes: after.rssBytes - before.rssBytes,
  };
}

function beyondLimits(report: Omit<WireFuzzReport, 'failures'>, runs: readonly FamilyRun[]): Failure[] {
  const { rssGrowthBytes, neighbour } = report;
  const found = runs
    .filter(({ blockMs }) => blockMs > BLOCK_MS_MAX)
    .map(({ family, blockMs }) => `${nameOf(family)} held the event loop for ${blockMs.toFixed(0)} ms`);
  if (rssGrowthBytes > RSS_GROWTH_MAX) found.push(`memory grew by ${mib(rssGrowthBytes)}`);
  if (neighbour.pingP99Ms - neighbour.lateP99Ms > NEIGHBOUR_P99_MS_MAX)
    found.push(`the neighbour's p99 is ${neighbour.pingP99Ms.toFixed(0)} ms`);
  for (const fault of neighbour.faults) found.push(`the neighbour: ${fault}`);
  return found.map((what) => ({ family: 'the whole run', at: undefined, what }));
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const replayOf = ({ family, at, what }: Failure, seed: number): string =>
  at === undefined
    ? `${family}: ${what}`
    : `${family}: ${what}\n  replay: npm run test:fuzz -- --seed ${seed} --family "${family}" --at ${at}`;

function lines(
  runs: readonly FamilyRun[],
  { inputs, blockMs, rssGrowthBytes, neighbour }: Omit<WireFuzzReport, 'failures'>,
  seconds: number,
  seed: number,
): string[] {
  const rows = AREAS.map((area) => {
    const own = runs.filter((run) => run.family.area === area);
    const bad = own.filter((run) => run.failures.length > 0).length;
    const sum = own.reduce((count, run) => count + run.inputs, 0);
    const worst = own.reduce((most, run) => Math.max(most, run.blockMs), 0);
    const cells = [
      String(own.length),
      String(sum),
      bad === 0 ? 'all hold' : `${bad} families fail`,
      `${worst.toFixed(1)} ms`,
    ];
    return `${area.padEnd(12)}${cells.map((cell) => cell.padStart(18)).join('')}`;
  });
  return [
    `${'area'.padEnd(12)}${['families', 'inputs', 'verdict', 'worst block'].map((cell) => cell.padStart(18)).join('')}`,
    ...rows,
    `${runs.length} families, ${inputs} inputs in ${seconds.toFixed(0)} s (${Math.round(inputs / seconds)} per second), seed ${seed}`,
    `event loop held ${blockMs.toFixed(1)} ms at most; memory grew by ${mib(rssGrowthBytes)}`,
    `neighbour: ${neighbour.pings} pings, p99 ${neighbour.pingP99Ms.toFixed(1)} ms, longest ${neighbour.pingMaxMs.toFixed(1)} ms (its own timers late by ${neighbour.lateP99Ms.toFixed(1)} ms); ${neighbour.writes} writes, p99 ${neighbour.writeP99Ms.toFixed(1)} ms`,
  ];
}
