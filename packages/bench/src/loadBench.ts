import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './child.js';
import type { Bar } from './coreBench.js';
import type { LoadingAnswer } from './startup/loadingServer.js';
import { freePort, type ProbeFigures, probe } from './startup/probes.js';
import { median, short } from './statistics.js';

const RECORDS = 1_000_000;
const DELAY_P99_MS = 20;

interface Figures extends LoadingAnswer {
  readonly probes: ProbeFigures;
}

/** A server starts on a million records (FLOW-20): how long its event loop is held, from inside, and how its probes answer, from outside. */
export async function loadBench(rounds: number): Promise<Bar[]> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
  try {
    const filler = startChild('fill-store');
    const { bytes, logBytes } = await filler.ask<{ bytes: number; logBytes: number }>({
      folder,
      records: RECORDS,
    });
    filler.stop();
    const all: Figures[] = [];
    for (let round = 0; round < rounds; round++) all.push(await run(folder));
    console.log(
      `Loading ${short(RECORDS)} records, ${short(bytes)} bytes of which ${short(logBytes)} in the log; event-loop delay in ms`,
    );
    const columns = [
      'p50',
      'p99',
      'max',
      'idle p99',
      'idle max',
      'probe p99',
      'probe max',
      'probes',
      'ready s',
      'RSS MB',
    ];
    console.log(`${'round'.padEnd(6)}${columns.map((name) => name.padStart(11)).join('')}`);
    all.forEach((f, i) => {
      const { probes } = f;
      const row = [f.p50Ms, f.p99Ms, f.maxMs, f.idle.p99Ms, f.idle.maxMs, probes.p99Ms, probes.maxMs];
      row.push(probes.asked, f.readyMs / 1000, f.residentBytes / 1e6);
      console.log(`${String(i + 1).padEnd(6)}${row.map((value) => short(value).padStart(11)).join('')}`);
    });
    const p99 = median(all.map((f) => f.p99Ms));
    const lost = Math.max(...all.map((f) => Math.abs(RECORDS - f.records)));
    const wrong = Math.max(...all.map((f) => f.probes.wrong + (f.probes.notReady > 0 ? 0 : 1)));
    return [
      { name: `load: event-loop delay p99 ≤ ${DELAY_P99_MS} ms`, value: p99, holds: p99 <= DELAY_P99_MS },
      { name: 'load: records missing, worst round', value: lost, holds: lost === 0 },
      { name: 'load: wrong answers of probes, worst round', value: wrong, holds: wrong === 0 },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(folder: string): Promise<Figures> {
  const port = await freePort();
  const server = startChild('loading-server');
  const ended = probe(port);
  try {
    const answer = await server.ask<LoadingAnswer>({ folder, port });
    return { ...answer, probes: await ended() };
  } finally {
    server.stop();
    await ended();
  }
}
