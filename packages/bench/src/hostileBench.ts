import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from './child.js';
import type { Bar } from './coreBench.js';
import type { GoodAnswer, GoodRequest, HostileAnswer, HostileRequest } from './hostile/requests.js';
import type { CpuAnswer, MemoryAnswer } from './server/requests.js';
import { median, short } from './statistics.js';

const GOOD = 500;
const HOSTILE = 5_000;
/** From the first socket of an attack until all stand, and those that are cut come and go. */
const GATHER_MS = 8_000;
const BYTES_PER_SOCKET = 16 * 1024;
const P99_MS = 50;

interface Round {
  readonly calm: GoodAnswer;
  readonly attacked: GoodAnswer;
  readonly open: number;
  readonly kinds: HostileAnswer['open'];
  readonly cutPerSecond: number;
  /** of the server, cores used */
  readonly calmCores: number;
  readonly attackedCores: number;
  readonly heapPerSocket: number;
  readonly residentPerSocket: number;
}

/**
 * W6: clients that write once a second beside ten times as many strangers who mean no good, each cut one coming again: a third each sends
 * its handshake byte by byte, says nothing after it, or sends garbage. Each round has a calm stretch and one under attack.
 */
export async function hostileBench(rounds: number, seconds: number): Promise<Bar[]> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
  const [server, good, hostile] = ['topgun-server', 'good', 'hostile'].map((role) => startChild(role)) as [
    Child,
    Child,
    Child,
  ];
  try {
    const { port } = await server.ask<{ port: number }>({ what: 'start', folder });
    const request = { port, clients: GOOD, milliseconds: seconds * 1000 };
    await good.ask({ ...request, what: 'connect' } satisfies GoodRequest);
    await good.ask({ ...request, what: 'run', milliseconds: 2_000 } satisfies GoodRequest);
    // The first attack makes the server's heap as large as it will be.
    await attack({ server, good, hostile }, port, 1);
    const all: Round[] = [];
    for (let round = 0; round < rounds; round++)
      all.push(await attack({ server, good, hostile }, port, seconds));
    return report(all);
  } finally {
    for (const child of [good, hostile, server]) child.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Parts {
  readonly server: Child;
  readonly good: Child;
  readonly hostile: Child;
}

async function attack({ server, good, hostile }: Parts, port: number, seconds: number): Promise<Round> {
  const run = { what: 'run', port, clients: GOOD, milliseconds: seconds * 1000 } satisfies GoodRequest;
  const strangers = (what: HostileRequest['what']): Promise<HostileAnswer> =>
    hostile.ask({ what, port, sockets: HOSTILE } satisfies HostileRequest);
  const cores = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
    const [from, began] = [await server.ask<CpuAnswer>({ what: 'cpu' }), performance.now()];
    const answer = await work();
    const to = await server.ask<CpuAnswer>({ what: 'cpu' });
    return [answer, (to.cpuSeconds - from.cpuSeconds) / ((performance.now() - began) / 1000)];
  };
  const [calm, calmCores] = await cores(() => good.ask<GoodAnswer>(run));
  const before = await server.ask<MemoryAnswer>({ what: 'memory' });
  await strangers('attack');
  await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
  const begun = await strangers('count');
  const [attacked, attackedCores] = await cores(() => good.ask<GoodAnswer>(run));
  const ended = await strangers('count');
  const during = await server.ask<MemoryAnswer>({ what: 'memory' });
  const { open: kinds } = await strangers('count');
  await strangers('rest');
  // Their ends are taken in before the next calm stretch.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const open = Object.values(kinds).reduce((sum, count) => sum + count, 0);
  return {
    calm,
    attacked,
    open,
    kinds,
    calmCores,
    attackedCores,
    cutPerSecond: (ended.cut - begun.cut) / seconds,
    heapPerSocket: (during.heapBytes - before.heapBytes) / open,
    residentPerSocket: (during.residentBytes - before.residentBytes) / open,
  };
}

function report(all: readonly Round[]): Bar[] {
  const figure = (of: (round: Round) => number): number => median(all.map(of));
  console.log(
    `W6 hostile: ${GOOD} clients, one durable write a second each, beside ${HOSTILE} strangers; write to answer, memory of the server`,
  );
  console.log(
    `${'stretch'.padEnd(14)}${['p50 ms', 'p99 ms', 'max ms', 'server cores'].map((name) => name.padStart(14)).join('')}`,
  );
  for (const stretch of ['calm', 'attacked'] as const) {
    const cells = [
      figure((round) => round[stretch].p50Ms),
      figure((round) => round[stretch].p99Ms),
      figure((round) => round[stretch].maxMs),
      figure((round) => round[stretch === 'calm' ? 'calmCores' : 'attackedCores']),
    ];
    console.log(`${stretch.padEnd(14)}${cells.map((value) => short(value).padStart(14)).join('')}`);
  }
  const kinds = Object.entries(all.at(-1)?.kinds ?? {}).map(([kind, count]) => `${count} ${kind}`);
  console.log(
    `open ${short(figure(({ open }) => open))} (last: ${kinds.join(', ')}), cut ${short(figure((r) => r.cutPerSecond))}/s; heap ${short(figure((r) => r.heapPerSocket))} B and resident ${short(figure((r) => r.residentPerSocket))} B per hostile socket`,
  );
  const max = Math.max(2 * figure(({ calm }) => calm.p99Ms), P99_MS);
  const p99 = figure(({ attacked }) => attacked.p99Ms);
  const bytes = figure((round) => Math.max(round.heapPerSocket, round.residentPerSocket));
  const open = Math.min(...all.map((round) => round.open));
  return [
    {
      name: `good p99 under attack ≤ ${max.toFixed(0)} ms (twice the calm one, or ${P99_MS})`,
      value: p99,
      holds: p99 <= max,
    },
    {
      name: `bytes per hostile socket ≤ ${BYTES_PER_SOCKET}`,
      value: bytes,
      holds: bytes <= BYTES_PER_SOCKET,
    },
    // A third of them is cut as soon as it has spoken, and comes again two seconds later.
    {
      name: `hostile sockets that stand, worst round ≥ ${HOSTILE / 2}`,
      value: open,
      holds: open >= HOSTILE / 2,
    },
  ];
}
