import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './child.js';
import type { Bar } from './coreBench.js';
import type { CpuAnswer, MemoryAnswer } from './server/requests.js';
import { median, short } from './statistics.js';
import type { DeltasAnswer } from './subscriptions/requests.js';
import { CLIENTS, QUERIES_PER_CLIENT, type Sharing, SUBSCRIPTIONS } from './subscriptions/workload.js';

const WRITES_PER_SECOND = 2_000;
const WARM_UP_MS = 2_000;
const P99_MS = 150;

interface Figures extends DeltasAnswer {
  readonly subscribeSeconds: number;
  /** of the server, over the run */
  readonly serverCpuSeconds: number;
  /** what the server holds more after all have subscribed */
  readonly heapBytesPerQuery: number;
  readonly residentBytesPerQuery: number;
}

/** W5: live queries of a thousand clients under writes; server and load generator in two processes, on the same cores. */
export async function subscriptionsBench(rounds: number, seconds: number): Promise<Bar[]> {
  const kinds: readonly Sharing[] = ['distinct', 'shared'];
  const byKind = new Map<Sharing, Figures[]>();
  for (let round = 0; round < rounds; round++) {
    for (const sharing of kinds)
      byKind.set(sharing, [...(byKind.get(sharing) ?? []), await run(sharing, seconds)]);
  }
  console.log(
    `W5 subscriptions: ${CLIENTS} clients × ${QUERIES_PER_CLIENT}, ${WRITES_PER_SECOND} durable writes/s, each matching 10 of ${SUBSCRIPTIONS}; write to delta`,
  );
  const columns = [
    'p50 ms',
    'p99 ms',
    'max ms',
    'server µs/delta',
    'server cores',
    'load cores',
    'heap B/query',
    'RSS B/query',
    'open s',
  ];
  console.log(`${'queries'.padEnd(10)}${columns.map((name) => name.padStart(16)).join('')}`);
  const bars: Bar[] = [];
  for (const [sharing, all] of byKind) {
    const figure = (of: (f: Figures) => number): number => median(all.map(of));
    const p99 = figure((f) => f.p99Ms);
    const lost = Math.max(...all.map((f) => f.missing + f.wrongRows));
    const figures = [
      figure((f) => f.p50Ms),
      p99,
      figure((f) => f.maxMs),
      figure((f) => (f.serverCpuSeconds / f.deltas) * 1e6),
      figure((f) => f.serverCpuSeconds / f.seconds),
      figure((f) => f.cpuSeconds / f.seconds),
      figure((f) => f.heapBytesPerQuery),
      figure((f) => f.residentBytesPerQuery),
      figure((f) => f.subscribeSeconds),
    ];
    console.log(`${sharing.padEnd(10)}${figures.map((value) => short(value).padStart(16)).join('')}`);
    bars.push(
      { name: `${sharing} queries: p99 write to delta ≤ ${P99_MS} ms`, value: p99, holds: p99 <= P99_MS },
      {
        name: `${sharing} queries: deltas missing and rows wrong, worst round`,
        value: lost,
        holds: lost === 0,
      },
    );
  }
  return bars;
}

async function run(sharing: Sharing, seconds: number): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
  const server = startChild('topgun-server');
  const load = startChild('subscribers');
  try {
    const { port } = await server.ask<{ port: number }>({
      what: 'start',
      folder,
      config: { indexes: { bench: [{ kind: 'hash', path: 'owner' }] } },
    });
    await load.ask({ what: 'connect', port });
    await load.ask({ what: 'seed' });
    const before = await server.ask<MemoryAnswer>({ what: 'memory' });
    const { seconds: subscribeSeconds } = await load.ask<{ seconds: number }>({ what: 'subscribe', sharing });
    const after = await server.ask<MemoryAnswer>({ what: 'memory' });
    const request = { what: 'run', writesPerSecond: WRITES_PER_SECOND };
    await load.ask({ ...request, milliseconds: WARM_UP_MS });
    const cpuBefore = await server.ask<CpuAnswer>({ what: 'cpu' });
    const measured = await load.ask<DeltasAnswer>({ ...request, milliseconds: seconds * 1000 });
    const { cpuSeconds } = await server.ask<CpuAnswer>({ what: 'cpu' });
    return {
      ...measured,
      subscribeSeconds,
      serverCpuSeconds: cpuSeconds - cpuBefore.cpuSeconds,
      heapBytesPerQuery: (after.heapBytes - before.heapBytes) / SUBSCRIPTIONS,
      residentBytesPerQuery: (after.residentBytes - before.residentBytes) / SUBSCRIPTIONS,
    };
  } finally {
    load.stop();
    server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
