import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './child.js';
import type { Bar } from './coreBench.js';
import type { CpuAnswer, LoadAnswer, LoadRequest } from './server/requests.js';
import { median, short } from './statistics.js';

interface Contest {
  readonly name: string;
  readonly role: 'echo-server' | 'topgun-server';
  readonly opsPerFrame: number;
  readonly window: number;
}

const CLIENTS = 200;

const contests: readonly Contest[] = [
  { name: 'ws echo, same frames', role: 'echo-server', opsPerFrame: 0, window: 8 },
  { name: 'TopGun durable, 1 op', role: 'topgun-server', opsPerFrame: 1, window: 8 },
  { name: 'TopGun durable, 20 ops', role: 'topgun-server', opsPerFrame: 20, window: 2 },
];

interface Figures {
  readonly framesPerCpu: number;
  readonly opsPerCpu: number;
  readonly opsPerSecond: number;
}

/** W4: 200 clients over loopback. A frame counts when every op in it was answered as flushed; the echo counts frames that came back. */
export async function serverBench(rounds: number, seconds: number): Promise<Bar[]> {
  const byName = new Map<string, Figures[]>();
  for (let round = 0; round < rounds; round++) {
    for (const contest of contests)
      byName.set(contest.name, [...(byName.get(contest.name) ?? []), await run(contest, seconds)]);
  }
  const figure = (name: string, of: (f: Figures) => number): number =>
    median((byName.get(name) ?? []).map(of));
  console.log(
    `W4 server: ${CLIENTS} clients, records of 5 fields, every answer flushed to disk first; per server CPU second`,
  );
  console.log(
    `${'server'.padEnd(24)}${'frames'.padStart(9)}${'ops'.padStart(9)}${'ops/s wall'.padStart(12)}`,
  );
  for (const { name } of contests) {
    console.log(
      `${name.padEnd(24)}${short(figure(name, (f) => f.framesPerCpu)).padStart(9)}${short(figure(name, (f) => f.opsPerCpu)).padStart(9)}${short(figure(name, (f) => f.opsPerSecond)).padStart(12)}`,
    );
  }
  const echo = figure(contests[0]?.name ?? '', (f) => f.framesPerCpu);
  const single = figure(contests[1]?.name ?? '', (f) => f.framesPerCpu) / echo;
  const batched = figure(contests[2]?.name ?? '', (f) => f.opsPerCpu) / echo;
  return [
    { name: 'durable one-op frames ≥ 0.35 × echo frames', value: single, holds: single >= 0.35 },
    { name: 'durable ops in batches of 20 ≥ 1.0 × echo frames', value: batched, holds: batched >= 1 },
  ];
}

async function run(contest: Contest, seconds: number): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
  const server = startChild(contest.role);
  const client = startChild('load');
  try {
    const { port } = await server.ask<{ port: number }>({ what: 'start', folder });
    const request: LoadRequest = {
      what: 'connect',
      ports: [port],
      clients: CLIENTS,
      opsPerFrame: contest.opsPerFrame,
      window: contest.window,
      milliseconds: 0,
    };
    await client.ask(request);
    await client.ask({ ...request, what: 'run', milliseconds: 2000 });
    const before = await server.ask<CpuAnswer>({ what: 'cpu' });
    const measured = await client.ask<LoadAnswer>({ ...request, what: 'run', milliseconds: seconds * 1000 });
    const cpu = (await server.ask<CpuAnswer>({ what: 'cpu' })).cpuSeconds - before.cpuSeconds;
    return {
      framesPerCpu: measured.frames / cpu,
      opsPerCpu: measured.ops / cpu,
      opsPerSecond: measured.ops / measured.seconds,
    };
  } finally {
    client.stop();
    server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
