import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.js';
import type { Bar } from './coreBench.js';
import type { CpuAnswer, MemoryAnswer, ResidentAnswer } from './server/requests.js';
import type { ReadAnswer, StallAnswer } from './stalled/requests.js';
import { short } from './statistics.js';

const READERS = 1_000;
const WARM_UP_MS = 10_000;
/** The buffers of the system fill first, then `stalledMs` passes. */
const STALL_MS = 110_000;
const SLICE_MS = 5_000;
const QUIET_MS = 30_000;
const CORE_SHARE = 0.4;
const P99_MS = 50;
const BACK_MS = 60_000;
const BACK_SHARE = 1.1;

interface Figures {
  readonly quiet: ReadAnswer;
  readonly stalled: ReadAnswer;
  readonly coreShare: number;
  readonly capBytes: number;
  readonly peakUnsentBytes: number;
  readonly peakGrowthBytes: number;
  readonly closed: number;
  readonly codes: Readonly<Record<string, number>>;
  readonly baselineBytes: number;
  readonly afterBytes: number;
  readonly backMs: number;
}

/** 2,000 readers of one map with 20 changes a second, of which 1,000 stop reading (S6): what that costs the server and the others. */
export async function stalledBench(): Promise<Bar[]> {
  const f = await run();
  console.log(
    `Stalled readers: ${READERS} of ${2 * READERS} sockets stop reading for ${STALL_MS / 1000} s; 20 changes/s of 2 KiB for each; write to delta`,
  );
  const columns = ['p50 ms', 'p99 ms', 'max ms', 'missing'];
  console.log(`${''.padEnd(12)}${columns.map((name) => name.padStart(12)).join('')}`);
  for (const [name, { p50Ms, p99Ms, maxMs, missing }] of [
    ['undisturbed', f.quiet],
    ['stalled', f.stalled],
  ] as const)
    console.log(
      `${name.padEnd(12)}${[p50Ms, p99Ms, maxMs, missing].map((v) => short(v).padStart(12)).join('')}`,
    );
  console.log(
    `server: ${short(f.coreShare * 100)} % of a core undisturbed; unsent at most ${short(f.peakUnsentBytes / 1e6)} MB, memory at most ${short(f.peakGrowthBytes / 1e6)} MB above the baseline of ${short(f.baselineBytes / 1e6)} MB, cap ${short(f.capBytes / 1e6)} MB`,
  );
  console.log(
    `closed by the server: ${f.closed}; as the readers saw it: ${JSON.stringify(f.codes)}; afterwards ${short(f.afterBytes / 1e6)} MB`,
  );
  const bar = Math.max(2 * f.quiet.p99Ms, P99_MS);
  return [
    {
      name: `stalled: undisturbed ≤ ${CORE_SHARE} of a core`,
      value: f.coreShare,
      holds: f.coreShare <= CORE_SHARE,
    },
    {
      name: 'stalled: growth of memory, as a share of the cap',
      value: f.peakGrowthBytes / f.capBytes,
      holds: f.peakGrowthBytes <= f.capBytes,
    },
    {
      name: `stalled: p99 of the others ≤ ${short(bar)} ms`,
      value: f.stalled.p99Ms,
      holds: f.stalled.p99Ms <= bar,
    },
    {
      name: 'stalled: deltas missing for the others',
      value: f.stalled.missing + f.quiet.missing,
      holds: f.stalled.missing + f.quiet.missing === 0,
    },
    {
      name: 'stalled: seconds until memory is back at the baseline + 10 %',
      value: f.backMs / 1000,
      holds: f.backMs <= BACK_MS,
    },
  ];
}

async function run(): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
  const server = startChild('topgun-server');
  const good = startChild('readers');
  const bad = startChild('readers');
  try {
    const config = { connectionsPerIpMax: 10_000 };
    const { port } = await server.ask<{ port: number }>({ what: 'start', folder, config });
    await good.ask({ what: 'connect', port, from: 0, count: READERS });
    await bad.ask({ what: 'connect', port, from: READERS, count: READERS });
    await good.ask({ what: 'run', milliseconds: WARM_UP_MS });
    const cpuBefore = await server.ask<CpuAnswer>({ what: 'cpu' });
    const quiet = await worstSlice(good, QUIET_MS);
    const cpuAfter = await server.ask<CpuAnswer>({ what: 'cpu' });
    const { residentBytes: baselineBytes } = await server.ask<MemoryAnswer>({ what: 'memory' });
    await bad.ask({ what: 'stall' });
    const stall = await watchStall(port, server, good, baselineBytes);
    await bad.ask({ what: 'resume' });
    const { backMs, afterBytes } = await untilBack(server, baselineBytes);
    const { codes } = await bad.ask<StallAnswer>({ what: 'resume' });
    const { slowClosed } = await figuresOf(port);
    const coreShare = (cpuAfter.cpuSeconds - cpuBefore.cpuSeconds) / (QUIET_MS / 1000);
    return { quiet, ...stall, coreShare, codes, closed: slowClosed, baselineBytes, backMs, afterBytes };
  } finally {
    good.stop();
    bad.stop();
    server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The readers go on; of their slices the worst counts, undisturbed or not: a pause of half a second would not show in the whole. */
async function worstSlice(readers: Child, milliseconds: number): Promise<ReadAnswer> {
  const all: ReadAnswer[] = [];
  for (let passed = 0; passed < milliseconds; passed += SLICE_MS)
    all.push(await readers.ask<ReadAnswer>({ what: 'run', milliseconds: SLICE_MS }));
  const worst = (of: (answer: ReadAnswer) => number): number => Math.max(...all.map(of));
  const sum = (of: (answer: ReadAnswer) => number): number =>
    all.reduce((total, answer) => total + of(answer), 0);
  return {
    writes: sum((a) => a.writes),
    p50Ms: worst((a) => a.p50Ms),
    p99Ms: worst((a) => a.p99Ms),
    maxMs: worst((a) => a.maxMs),
    missing: sum((a) => a.missing),
  };
}

/** What the server holds while the others go on. */
async function watchStall(
  port: number,
  server: Child,
  good: Child,
  baselineBytes: number,
): Promise<Pick<Figures, 'stalled' | 'capBytes' | 'peakUnsentBytes' | 'peakGrowthBytes'>> {
  let peakUnsentBytes = 0;
  let peakGrowthBytes = 0;
  let capBytes = 0;
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { unsentBytes } = await figuresOf(port);
      const { residentBytes, heapLimitBytes } = await server.ask<ResidentAnswer>({
        what: 'resident',
      });
      peakUnsentBytes = Math.max(peakUnsentBytes, unsentBytes);
      peakGrowthBytes = Math.max(peakGrowthBytes, residentBytes - baselineBytes);
      capBytes = heapLimitBytes / 4;
      await sleep(250);
    }
  })();
  const stalled = await worstSlice(good, STALL_MS);
  isOver = true;
  await watching;
  return { stalled, capBytes, peakUnsentBytes, peakGrowthBytes };
}

async function untilBack(
  server: Child,
  baselineBytes: number,
): Promise<{ backMs: number; afterBytes: number }> {
  const began = performance.now();
  for (;;) {
    const { residentBytes } = await server.ask<MemoryAnswer>({ what: 'memory' });
    const backMs = performance.now() - began;
    if (residentBytes <= baselineBytes * BACK_SHARE || backMs > BACK_MS)
      return {
        backMs: residentBytes <= baselineBytes * BACK_SHARE ? backMs : Infinity,
        afterBytes: residentBytes,
      };
    await sleep(500);
  }
}

async function figuresOf(port: number): Promise<{ unsentBytes: number; slowClosed: number }> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  const read = (name: string): number =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
  return {
    unsentBytes: read('topgun_event_queue_bytes'),
    slowClosed: read('topgun_slow_sockets_closed_total'),
  };
}
